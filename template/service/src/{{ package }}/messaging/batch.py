"""One batch: lock, read, XADD, and move the rows that were read to `outbox_sent`, in a transaction.

A crash before the commit repeats the batch: events may be doubled, never lost. There is no cursor:
an event waits as long as its row exists, because rows can become visible out of their ids' order.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..db import DATABASE_ERRORS
from ..errors import BrokerRefused, BrokerUnavailable, DatabaseUnavailable
from .broker import TIMEOUT, Broker
from .stream import publish
from .telemetry import RELAY_BATCH, RELAY_DELAY, RELAY_PUBLISHED, RELAY_SIZE
from .tracing import sending

BATCH_BYTES = 4 * 1024 * 1024
FULL_LOOK = 1.0
"""Seconds between looks at the whole outbox while batches are full."""
PATIENCE = 30.0
"""Seconds that a batch may take: the connection may be dead and not know it."""
REFUSED = 5.0
"""Seconds that a stream which refuses is left out, so that its events hold up no others."""

# One relay works at a time, so that order holds. The lock ends with its transaction, whatever
# becomes of the process. Its own statement: the next one must see what the last holder committed.
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('outbox.relay'))")
_OLDEST = text("""
    SELECT id, stream, attributes, data,
           CASE WHEN bytes_before = 0
                THEN CAST(extract(epoch FROM clock_timestamp() - created_at) AS float8) END AS age
    FROM (
        SELECT id, stream, attributes, data, created_at,
               sum(octet_length(data)) OVER (ORDER BY id) - octet_length(data) AS bytes_before
        FROM (
            SELECT * FROM outbox WHERE id > :hint AND stream <> ALL(CAST(:without AS text[]))
            ORDER BY id LIMIT :size
        ) AS oldest
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


class Batches:
    """Publishes an outbox, `size` events at a time."""

    def __init__(self, engine: AsyncEngine, broker: Broker, *, key_prefix: str, size: int) -> None:
        self._engine = engine
        self._broker = broker
        self._key_prefix = key_prefix
        self._size = size
        self._hint = 0
        self._full_look = float("-inf")
        self._refused: dict[str, float] = {}

    @property
    def refused(self) -> bool:
        """Whether there is a stream that took nothing the last time."""
        return bool(self._refused)

    async def publish_next(self) -> Batch:
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
                    # A process that was frozen may have lost its session, and with it the lock:
                    # this raises then.
                    await transaction.execute(text("SELECT 1"))
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
        full = len(rows) == self._size
        self._hint = rows[-1].id if full else 0
        _measure(rows, monotonic() - started)
        log.debug("outbox.relayed", count=len(rows))
        return Batch(len(rows), more=True)

    async def _oldest(self, transaction: AsyncConnection) -> Sequence[Row[Any]]:
        """The events to publish next, unless another relay holds the lock.

        While batches are full a hint spares Postgres from walking over what was just deleted.
        It is no cursor: every FULL_LOOK seconds the look starts from the very beginning.
        """
        if not (await transaction.execute(_LOCK)).scalar_one():
            return []
        if monotonic() - self._full_look > FULL_LOOK:
            self._hint, self._full_look = 0, monotonic()
        without = [stream for stream, at in self._refused.items() if monotonic() - at < REFUSED]
        limits = {"hint": self._hint, "size": self._size, "bytes": BATCH_BYTES, "without": without}
        return (await transaction.execute(_OLDEST, limits)).all()

    async def _publish(self, rows: Sequence[Row[Any]]) -> Sent:
        """Publish stream by stream, as long as Redis answers."""
        by_stream: dict[str, list[Row[Any]]] = defaultdict(list)
        for row in rows:
            by_stream[row.stream].append(row)
        stream_ids: dict[int, str] = {}
        refusal: BrokerRefused | None = None
        for stream, members in by_stream.items():
            entries = [{**row.attributes, "data": row.data} for row in members]
            try:
                with sending(stream, [row.attributes for row in members]):
                    added = await publish(self._broker, self._key_prefix + stream, entries)
            except BrokerRefused as error:
                refusal = error  # this stream's own trouble: the others go on
                self._refused[stream] = monotonic()
                continue
            except BrokerUnavailable as error:
                return Sent(stream_ids, error)
            self._refused.pop(stream, None)
            RELAY_PUBLISHED.labels(stream).inc(len(added))
            stream_ids |= zip((row.id for row in members), added, strict=True)
        return Sent(stream_ids, refusal)


def _measure(rows: Sequence[Row[Any]], seconds: float) -> None:
    RELAY_BATCH.observe(seconds)
    RELAY_SIZE.observe(len(rows))
    RELAY_DELAY.observe(rows[0].age + seconds)
