"""The state of messaging: what is unpublished, undecided or dead, as both servers know it now."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ..redis import PARKED, Broker

MOST = 10_000
"""How far a lag is counted where the server does not know it."""

_BACKLOG = text("""
    SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT 100000) AS counted) AS pending,
           (SELECT extract(epoch FROM clock_timestamp() - created_at)
            FROM outbox ORDER BY id LIMIT 1) AS oldest
""")
_DEAD_LETTERS = text("""
    SELECT count(*) FILTER (WHERE state = 'open') AS open,
           count(*) FILTER (WHERE state = 'replay') AS replay
    FROM (
        SELECT state FROM dead_letters WHERE state IN ('open', 'replay') LIMIT 100000
    ) AS letters
""")


@dataclass(frozen=True, slots=True)
class Backlog:
    """Unpublished events, counted to 100,000, and the age of the oldest in seconds."""

    pending: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """How many are open and how many are to be replayed, counted to 100,000 together."""

    open: int
    replay: int


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """One group: entries not read yet, read and undecided, waiting for a retry; consumers; and
    the age of the oldest undecided entry."""

    stream: str
    group: str
    lag: int
    pending: int
    parked: int
    consumers: int
    oldest_pending_seconds: float


async def backlog(engine: AsyncEngine) -> Backlog:
    """What is unpublished."""
    async with engine.connect() as connection:
        found = (await connection.execute(_BACKLOG)).one()
    return Backlog(found.pending, round(float(found.oldest or 0), 3))


async def dead_letters(engine: AsyncEngine) -> DeadLetters:
    """What is dead, and nobody has decided on or replayed yet."""
    async with engine.connect() as connection:
        found = (await connection.execute(_DEAD_LETTERS)).one()
    return DeadLetters(found.open, found.replay)


async def groups(
    broker: Broker,
    streams: Iterable[str],
    key_prefix: str,
    *,
    expected: str | None = None,
    most: int = MOST,
) -> list[GroupStatus]:
    """Every group on the streams. The group `expected` is on each of them: where it does not
    exist, as before its first consumer, it has read nothing. A lag that the server does not know
    is counted, up to `most`."""
    found = []
    with broker.translated():
        now, _ = await broker.client.time()
        for stream in streams:
            key = key_prefix + stream
            on_stream = [
                await _group(broker, key, info, stream=stream, now=now, most=most)
                for info in await _infos(broker, key)
            ]
            if expected and expected not in {one.group for one in on_stream}:
                unread = await broker.client.xlen(key)
                on_stream.append(GroupStatus(stream, expected, unread, 0, 0, 0, 0.0))
            found += on_stream
    return found


async def to_do(
    engine: AsyncEngine, broker: Broker, streams: Iterable[str], group: str, key_prefix: str
) -> int:
    """How many events the consumers of `group` have to do: not read yet, undecided or to be
    replayed."""
    found = await groups(broker, streams, key_prefix, expected=group)
    own = sum(one.lag + one.pending for one in found if one.group == group)
    return own + (await dead_letters(engine)).replay


async def _infos(broker: Broker, key: str) -> list[dict[str, Any]]:
    """What Redis says about each group; nothing about a stream that does not exist yet."""
    try:
        infos: list[dict[str, Any]] = await broker.client.xinfo_groups(key)
    except ResponseError as error:
        if "no such key" in str(error):
            return []
        raise
    return infos


async def _group(
    broker: Broker, key: str, info: dict[str, Any], *, stream: str, now: int, most: int
) -> GroupStatus:
    """Redis 7.0 forgets the lag when it restarts from its AOF; then the entries are counted."""
    lag = info.get("lag")
    if lag is None:
        after = f"({info['last-delivered-id'].decode()}"
        lag = len(await broker.client.xrange(key, min=after, count=most) or ())
    pending = await broker.client.xpending(key, info["name"])
    oldest = int((pending["min"] or b"0").partition(b"-")[0]) / 1000
    consumers = await broker.client.xinfo_consumers(key, info["name"])
    holding = {consumer["name"]: consumer["pending"] for consumer in consumers}
    parked = holding.pop(PARKED.encode(), 0)
    return GroupStatus(
        stream=stream,
        group=info["name"].decode("utf-8", "backslashreplace"),  # anybody may have named it
        lag=lag,
        pending=info["pending"],
        parked=parked,
        consumers=len(holding),
        oldest_pending_seconds=round(max(0.0, now - oldest), 3) if pending["min"] else 0.0,
    )
