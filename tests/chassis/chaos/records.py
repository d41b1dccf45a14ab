"""What the databases say: the suite's own tables, the pipe's, and the stream."""

import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from orders.chassis.db import Database
from orders.chassis.errors import DatabaseUnavailable

from ..service import SERVICE

STREAM = GROUP = SERVICE
TABLES = """
    CREATE TABLE chaos_aggregates (name text PRIMARY KEY, version int NOT NULL);
    CREATE TABLE chaos_posts (
        event_id uuid PRIMARY KEY, kind text NOT NULL, mood text NOT NULL,
        aggregate text NOT NULL, version int NOT NULL,
        begun double precision NOT NULL DEFAULT extract(epoch FROM now())
    );
    CREATE TABLE chaos_effects (event_id uuid NOT NULL, handler text NOT NULL);
    CREATE TABLE chaos_failures (event_id uuid PRIMARY KEY, count int NOT NULL);
"""


class Records:
    """Reads with a connection for each question: the servers come and go."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        self._database = Database(database_url, role="chaos")
        self.redis: Any = Redis.from_url(
            redis_url, protocol=2, retry=Retry(NoBackoff(), 0), socket_timeout=10
        )
        self.chapters: list[tuple[float, list[UUID]]] = []
        """From flush to flush: its beginning, and the events in the stream at their first place."""
        self._chapter_began = 0.0

    async def rows(self, statement: str, *values: object) -> list[Mapping[str, Any]]:
        """What a query answers."""
        connection = await self._database.connect()
        try:
            return [dict(row) for row in await connection.fetch(statement, *values)]
        finally:
            await connection.close()

    async def prepare(self) -> None:
        """Make the suite's own tables."""
        connection = await self._database.connect()
        try:
            await connection.execute(TABLES)
        finally:
            await connection.close()

    async def add(self, entry: Mapping[str, bytes]) -> None:
        """Write an entry by hand."""
        await self.redis.xadd(STREAM, dict(entry))

    async def entries(self) -> list[tuple[str, str]]:
        """The stream: of each entry its place, and the id it claims to have."""
        found = await self.redis.xrange(STREAM)
        return [(at.decode(), of.get(b"ce_id", b"").decode("utf-8", "replace")) for at, of in found]

    async def end_chapter(self) -> None:
        """Take down the order of the events in the stream."""
        first = dict.fromkeys(_uuid(event_id) for _, event_id in await self.entries())
        self.chapters.append((self._chapter_began, [e for e in first if e]))

    async def flush(self) -> None:
        """Lose all; only what is posted from then on can be expected in order."""
        await self.end_chapter()
        try:
            await self.redis.flushall()
        finally:
            self._chapter_began = time.time()

    async def unacknowledged(self) -> str | None:
        """What is still to be done; None when everything is."""
        try:
            if waiting := await self.rows("SELECT event_id FROM outbox"):
                return f"{len(waiting)} events in the outbox"
            groups = {group["name"]: group for group in await self.redis.xinfo_groups(STREAM)}
            group = groups[GROUP.encode()]
            if group["pending"]:
                return f"{group['pending']} entries pending"
            after = b"(" + group["last-delivered-id"]
            if unread := await self.redis.xrange(STREAM, min=after):
                return f"{len(unread)} entries not read"
            sent = await self.rows("SELECT * FROM outbox_sent WHERE stream = $1", STREAM)
            there = {*await self.entries()}  # a copy at another place is lost all the same
            lost = [row for row in sent if (row["stream_id"], str(row["event_id"])) not in there]
            return f"{len(lost)} published events are not in the stream" if lost else None
        except (RedisError, KeyError, DatabaseUnavailable, asyncpg.PostgresError, OSError) as error:
            return f"no answer: {error!r}"

    async def consumers(self) -> list[str]:
        """The names of the group's consumers."""
        found = await self.redis.xinfo_consumers(STREAM, GROUP)
        return [consumer["name"].decode() for consumer in found]

    async def pending(self) -> dict[str, list[UUID | None]]:
        """The events that each consumer of the group still holds."""
        held: dict[str, list[UUID | None]] = defaultdict(list)
        claimed = dict(await self.entries())
        for entry in await self.redis.xpending_range(STREAM, GROUP, "-", "+", 1000):
            event_id = _uuid(claimed.get(entry["message_id"].decode(), ""))
            held[entry["consumer"].decode()].append(event_id)
        return held


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
