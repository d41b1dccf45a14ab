"""The state of the pipe at a glance: backlog, streams with their groups, dead letters."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ..redis import PARKED, Broker

MOST = 10_000
"""How far a lag is counted where the server does not know it."""

_BACKLOG = text("""
    SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM outbox
""")
_REPLAYS = text("SELECT count(*) FROM dead_letters WHERE state = 'replay'")


@dataclass(frozen=True, slots=True)
class Backlog:
    """Events not published yet, and the age of the oldest in seconds."""

    pending: int
    oldest_seconds: float


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
    """What waits in the outbox."""
    async with engine.connect() as connection:
        pending, oldest = (await connection.execute(_BACKLOG)).one()
    return Backlog(pending, round(float(oldest), 3))


async def groups(
    broker: Broker, streams: Iterable[str], key_prefix: str, most: int = MOST
) -> list[GroupStatus]:
    """Every group on the streams; none for a stream that does not exist yet. A lag that the
    server does not know is counted, up to `most`."""
    found = []
    with broker.translated():
        seconds, _ = await broker.client.time()
        for stream in streams:
            key = key_prefix + stream
            try:
                infos = await broker.client.xinfo_groups(key)
            except ResponseError as error:
                if "no such key" in str(error):
                    continue
                raise
            found += [
                await _group(broker, key, info, stream=stream, now=seconds, most=most)
                for info in infos
            ]
    return found


async def missing(
    broker: Broker,
    streams: Collection[str],
    key_prefix: str,
    group: str,
    found: Iterable[GroupStatus],
) -> list[GroupStatus]:
    """What waits for a group where none was found, as before its first consumer: everything."""
    unread = set(streams) - {one.stream for one in found if one.group == group}
    with broker.translated():
        return [
            GroupStatus(stream, group, await broker.client.xlen(key_prefix + stream), 0, 0, 0, 0.0)
            for stream in sorted(unread)
        ]


async def to_do(
    engine: AsyncEngine, broker: Broker, streams: Collection[str], group: str, key_prefix: str
) -> int:
    """How many events the consumers of `group` have to do: not read yet, undecided or to be
    replayed."""
    found = await groups(broker, streams, key_prefix)
    own = [one for one in found if one.group == group]
    own += await missing(broker, streams, key_prefix, group, found)
    async with engine.connect() as connection:
        replays: int = (await connection.execute(_REPLAYS)).scalar_one()
    return sum(one.lag + one.pending for one in own) + replays


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
