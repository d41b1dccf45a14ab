"""The relay: moves committed events from the outbox to their streams, oldest first.

A batch is one transaction: lock, read, XADD, move the rows that were read to `outbox_sent`. A
crash before the commit repeats the batch: events may be doubled, never lost. There is no cursor:
an event waits as long as its row exists, because rows can become visible out of their ids' order.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import structlog
from opentelemetry.trace import SpanKind
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..db import DATABASE_ERRORS, Database, is_unmigrated
from ..errors import BrokerUnavailable, DatabaseUnavailable
from .broker import TIMEOUT, Broker
from .health import Backoff, Health, wait
from .poke import listen
from .stream import publish
from .telemetry import (
    OUTBOX_OLDEST_AGE,
    OUTBOX_PENDING,
    RELAY_BATCH,
    RELAY_FAILED,
    RELAY_PUBLISHED,
    span,
)

BATCH_BYTES = 4 * 1024 * 1024
POLL = 1.0
"""Seconds between looks when nobody pokes, and between looks below the low-water hint."""
PATIENCE = 30.0
"""Seconds that a batch may take: the connection may be dead and not know it."""
OBSERVE = 5.0
"""Seconds between measurements of the backlog."""

# One relay works at a time, so that order holds. The lock ends with its transaction, whatever
# becomes of the process. Its own statement: the next one must see what the last holder committed.
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('outbox.relay'))")
_OLDEST = text("""
    SELECT id, stream, attributes, data FROM (
        SELECT id, stream, attributes, data,
               sum(octet_length(data)) OVER (ORDER BY id) - octet_length(data) AS bytes_before
        FROM (SELECT * FROM outbox WHERE id > :hint ORDER BY id LIMIT :size) AS oldest
    ) AS measured
    WHERE bytes_before < :bytes ORDER BY id
""")
# It cannot fail on data: an event that was sent before only gets its newest place. DISTINCT ON,
# because one INSERT may not meet the same conflict twice.
_MOVE = text("""
    WITH moved AS (DELETE FROM outbox WHERE id = ANY(:ids) RETURNING *)
    INSERT INTO outbox_sent (event_id, id, stream, stream_id, attributes, data, created_at)
    SELECT DISTINCT ON (event_id)
           event_id, id, stream, sent.stream_id, attributes, data, created_at
    FROM moved JOIN unnest(CAST(:ids AS bigint[]), CAST(:stream_ids AS text[]))
         AS sent(id, stream_id) USING (id)
    ORDER BY event_id, id DESC
    ON CONFLICT (event_id) DO UPDATE
    SET id = excluded.id, stream_id = excluded.stream_id, sent_at = now()
""")
_BACKLOG = text("""
    SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT 100000) AS counted),
           (SELECT extract(epoch FROM now() - created_at) FROM outbox ORDER BY id LIMIT 1)
""")

log = structlog.get_logger()


class Unrecorded(Exception):
    """Events were published, but Postgres did not take note: they will be published again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one look at the outbox came to; `more` if it may not have been all."""

    count: int
    more: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """Which rows were published, under which stream id; and what kept the others back."""

    stream_ids: Mapping[int, str]
    error: BrokerUnavailable | None


class Relay:
    """Publishes one service's outbox. Any number may run; one works, the others stand by."""

    def __init__(
        self,
        database: Database,
        engine: AsyncEngine,
        broker: Broker,
        health: Health,
        *,
        key_prefix: str,
        batch_size: int,
    ) -> None:
        self._database = database
        self._engine = engine
        self._broker = broker
        self._health = health
        self._key_prefix = key_prefix
        self._batch_size = batch_size
        self._poked = asyncio.Event()
        self._hint = 0
        self._full_look = float("-inf")
        health.failing("relay", "starting")

    async def run(self, stopping: asyncio.Event) -> None:
        """Relay until `stopping` is set. A batch that was begun is finished."""
        helpers = [listen(self._database, self._poked), self._observe()]
        async with asyncio.TaskGroup() as tasks:
            started = [tasks.create_task(helper) for helper in helpers]
            await self._loop(stopping)
            for helper in started:
                helper.cancel()

    async def _loop(self, stopping: asyncio.Event) -> None:
        outage, unrecorded = Backoff(0.2, 5), Backoff(1, 60)
        while not stopping.is_set():
            self._health.beat("relay")
            self._poked.clear()
            try:
                batch = await self.relay_batch()
            except Unrecorded as error:
                await self._failed("unrecorded", error.__cause__ or error, unrecorded, stopping)
            except (BrokerUnavailable, *DATABASE_ERRORS) as error:
                part = "redis" if isinstance(error, BrokerUnavailable) else "postgres"
                await self._failed(part, error, outage, stopping)
            else:
                outage.reset()
                unrecorded.reset()
                if self._health.working("relay"):
                    log.info("relay.ready")
                if not batch.more:
                    await wait(POLL, self._poked, stopping)

    async def _failed(
        self, part: str, error: BaseException, backoff: Backoff, stopping: asyncio.Event
    ) -> None:
        RELAY_FAILED.labels(part).inc()
        delay = backoff.next()
        reason = "the database is not migrated" if is_unmigrated(error) else str(error)
        self._health.failing("relay", reason)
        log.warning("relay.failed", part=part, reason=reason, retry_in=round(delay, 3))
        await wait(delay, stopping)

    async def relay_batch(self) -> Batch:
        """Publish the oldest events, if no other relay is about to.

        Raises Unrecorded, BrokerUnavailable or a database error; none of them loses an event.
        """
        started, sent = monotonic(), Sent({}, None)
        try:
            async with asyncio.timeout(PATIENCE), self._engine.begin() as transaction:
                rows = await self._oldest(transaction)
                if not rows:
                    return Batch(0, more=False)
                if monotonic() - started > TIMEOUT:
                    # A process that was frozen may have lost its session, and with it the lock.
                    return Batch(0, more=True)
                sent = await self._publish(rows)
                ids, stream_ids = list(sent.stream_ids), list(sent.stream_ids.values())
                await transaction.execute(_MOVE, {"ids": ids, "stream_ids": stream_ids})
        except (*DATABASE_ERRORS, TimeoutError) as error:
            if sent.stream_ids:
                raise Unrecorded(str(error)) from error
            if isinstance(error, TimeoutError):
                raise DatabaseUnavailable(f"no answer from Postgres in {PATIENCE} s") from error
            raise
        if sent.error:
            raise sent.error
        full = len(rows) == self._batch_size
        self._hint = rows[-1].id if full else 0
        RELAY_BATCH.observe(monotonic() - started)
        log.info("outbox.relayed", count=len(rows))
        return Batch(len(rows), more=True)

    async def _oldest(self, transaction: AsyncConnection) -> Sequence[Row[Any]]:
        """The events to publish next, unless another relay holds the lock.

        While batches are full a hint spares Postgres from walking over what was just deleted.
        It is no cursor: every POLL seconds the look starts from the very beginning.
        """
        if not (await transaction.execute(_LOCK)).scalar_one():
            return []
        if monotonic() - self._full_look > POLL:
            self._hint, self._full_look = 0, monotonic()
        limits = {"hint": self._hint, "size": self._batch_size, "bytes": BATCH_BYTES}
        return (await transaction.execute(_OLDEST, limits)).all()

    async def _publish(self, rows: Sequence[Row[Any]]) -> Sent:
        """Publish stream by stream, up to the first that fails."""
        by_stream: dict[str, list[Row[Any]]] = defaultdict(list)
        for row in rows:
            by_stream[row.stream].append(row)
        stream_ids: dict[int, str] = {}
        for stream, members in by_stream.items():
            entries = [{**row.attributes, "data": row.data} for row in members]
            try:
                with span(f"send {stream}", SpanKind.CLIENT):
                    added = await publish(self._broker, self._key_prefix + stream, entries)
            except BrokerUnavailable as error:
                return Sent(stream_ids, error)
            RELAY_PUBLISHED.labels(stream).inc(len(added))
            stream_ids |= zip((row.id for row in members), added, strict=True)
        return Sent(stream_ids, None)

    async def _observe(self) -> None:
        """Measure the backlog for the metrics, until cancelled."""
        while True:
            try:
                async with self._engine.connect() as connection:
                    pending, age = (await connection.execute(_BACKLOG)).one()
                OUTBOX_PENDING.set(pending)
                OUTBOX_OLDEST_AGE.set(float(age or 0))
            except DATABASE_ERRORS:
                log.debug("relay.backlog_unknown")
            await asyncio.sleep(OBSERVE)
