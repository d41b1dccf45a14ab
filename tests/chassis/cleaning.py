"""A janitor for tests, and what it is to clean: old entries in streams, old rows in tables."""

from datetime import timedelta
from typing import Any

from orders.chassis.messaging.redis import Broker
from orders.chassis.messaging.upkeep.janitor import Janitor, Retention

from .pipe import STREAM, Pipe
from .service import SERVICE


def cleaner(
    pipe: Pipe,
    broker: Broker | None = None,
    visibility_timeout: float = 60,
) -> Janitor:
    """A janitor that keeps streams for 7 days, the outbox log for 14, the inbox for 30."""
    return Janitor(
        pipe.engine,
        broker or pipe.broker,
        Retention(timedelta(days=14), timedelta(days=7), timedelta(days=30)),
        key_prefix=pipe.prefix,
        group=SERVICE,
        publishes={STREAM},
        reads={STREAM},
        visibility_timeout=visibility_timeout,
    )


async def add(pipe: Pipe, *days_old: float, stream: str = STREAM) -> list[str]:
    """Write entries of these ages, the oldest first; returns their ids."""
    seconds, _ = await pipe.broker.client.time()
    ids = [f"{int((seconds - days * 86_400) * 1000)}-0" for days in days_old]
    for stream_id in ids:
        await pipe.broker.client.xadd(pipe.prefix + stream, {"data": "{}"}, id=stream_id)
    return ids


async def left(pipe: Pipe, stream: str = STREAM) -> list[str]:
    """The ids that are still in a stream."""
    found: Any = await pipe.broker.client.xrange(pipe.prefix + stream)
    return [stream_id.decode() for stream_id, _ in found]


async def read(
    pipe: Pipe, group: str, count: int = 1000, *, ack: bool = True, stream: str = STREAM
) -> list[str]:
    """Have a group read from a stream's beginning; returns the ids."""
    key, client = pipe.prefix + stream, pipe.broker.client
    await client.xgroup_create(key, group, id="0")
    answer: Any = await client.xreadgroup(group, "c", {key: ">"}, count=count)
    ids = [stream_id.decode() for _, entries in answer for stream_id, _ in entries]
    if ack and ids:
        await client.xack(key, group, *ids)
    return ids


async def sent(pipe: Pipe, *days_ago: float) -> None:
    """Rows of `outbox_sent` of these ages."""
    for days in days_ago:
        await pipe.rows(
            "INSERT INTO outbox_sent (event_id, id, stream, stream_id, attributes, data,"
            " created_at, sent_at) VALUES (gen_random_uuid(), 0, 'probed', '1-0', '{}', '{}',"
            " now(), now() - make_interval(secs => :seconds))",
            seconds=days * 86_400,
        )


async def sent_days_ago(pipe: Pipe) -> list[int]:
    """The ages of the rows in `outbox_sent`."""
    rows = await pipe.rows("SELECT extract(day FROM now() - sent_at) AS days FROM outbox_sent")
    return sorted(int(row.days) for row in rows)
