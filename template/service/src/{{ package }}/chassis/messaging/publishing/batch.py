"""One batch: lock, read, XADD, and move the rows that were read to `outbox_sent`, in a transaction.

A crash before the commit repeats the batch: events may be doubled, never lost. There is no cursor:
an event waits as long as its row exists, because rows can become visible out of their ids' order.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import structlog
from pydantic_core import from_json
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ...db import DATABASE_ERRORS
from ...errors import BrokerRefused, BrokerUnavailable, DatabaseUnavailable
from ...tracing.messaging import sending
from ..cancellation import both
from ..metrics import RELAY_BATCH, RELAY_DELAY, RELAY_PUBLISHED, RELAY_SIZE
from ..redis import TIMEOUT, Broker
from .waiting import Waiting

FULL_LOOK = 1.0
"""Seconds between looks at the whole outbox while batches are full."""
PATIENCE = 30.0
"""Seconds that a batch may take: the connection may be dead and not know it."""
ENOUGH = 5.0
"""Seconds after which a batch takes no more events: what went out is to be recorded in time, or a
slow Redis would be given the same ones for ever."""
REFUSED = 5.0
"""Seconds that a stream which refuses is left out, so that its events hold up no others."""

Part = Sequence[Row[Any]]
"""Rows of the outbox; an empty one is the end."""
StreamIds = Mapping[int, str] | None
"""Which rows were published, under which stream id; None is the end."""

log = structlog.get_logger()


class Unrecorded(Exception):
    """Events were published, but Postgres did not take note: they will be published again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one look at the outbox came to; `more` if it may not have been all."""

    count: int
    more: bool


@dataclass(slots=True)
class Sent:
    """What became of a batch: how many events were published, up to which row was tried; and what
    kept others back. It ends with its connection, and at a time."""

    connections: int = 0
    until: float = 0
    last: int = 0
    published: int = 0
    refused: dict[str, BrokerRefused] = field(default_factory=dict)
    outage: BrokerUnavailable | None = None

    def check(self) -> None:
        """Raise what kept events back."""
        for error in (self.outage, *self.refused.values()):
            if error:
                raise error


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
        self._without: list[str] = []

    @property
    def refused(self) -> bool:
        """Whether there is a stream that took nothing the last time."""
        return bool(self._refused)

    async def publish_next(self) -> Batch:
        """Publish the oldest events, if no other relay is about to.

        Raises Unrecorded, BrokerUnavailable or a database error; none of them loses an event.
        """
        started, sent = monotonic(), Sent()
        try:
            async with asyncio.timeout(PATIENCE), self._engine.begin() as transaction:
                waiting = self._waiting(transaction)
                oldest = await waiting.next_part() if await waiting.lock() else []
                if not oldest:
                    return Batch(0, more=False)
                if monotonic() - started > TIMEOUT:
                    # A process that was frozen may have lost its session.
                    await waiting.still_locked()
                await self._relay(oldest, waiting, sent)
        except (*DATABASE_ERRORS, TimeoutError) as error:
            if sent.published:
                raise Unrecorded(str(error)) from error
            if isinstance(error, TimeoutError):
                raise DatabaseUnavailable(f"no answer from Postgres in {PATIENCE} s") from error
            raise
        sent.check()
        if waiting.more and not self._ended(sent):
            self._hint = sent.last
        seconds = monotonic() - started
        RELAY_BATCH.observe(seconds)
        RELAY_SIZE.observe(sent.published)
        RELAY_DELAY.observe(oldest[0].age + seconds)
        log.debug("outbox.relayed", count=sent.published)
        return Batch(sent.published, more=True)

    def start_over(self) -> None:
        """Begin the next batch at the very beginning: there may be older events again."""
        self._hint = 0

    def _waiting(self, transaction: AsyncConnection) -> Waiting:
        """What to publish next. While batches are full a hint spares Postgres from walking over
        what was just deleted. It is no cursor: every FULL_LOOK seconds the look starts from the
        very beginning, and so it does behind a failure, and where a stream is no longer left out.
        """
        after, self._hint = self._hint, 0
        without = [stream for stream, at in self._refused.items() if monotonic() - at < REFUSED]
        if without != self._without or monotonic() - self._full_look > FULL_LOOK:
            after, self._without, self._full_look = 0, without, monotonic()
        return Waiting(transaction, after=after, without=without, size=self._size)

    async def _relay(self, oldest: Part, waiting: Waiting, sent: Sent) -> None:
        """While Redis takes one part, Postgres moves the one before and reads the next."""
        parts: asyncio.Queue[Part] = asyncio.Queue()
        published: asyncio.Queue[StreamIds] = asyncio.Queue()
        parts.put_nowait(oldest)
        await both(self._publish_all(parts, published, sent), _move_all(published, parts, waiting))

    async def _publish_all(
        self, parts: asyncio.Queue[Part], published: asyncio.Queue[StreamIds], sent: Sent
    ) -> None:
        """Publish part by part, until an empty one comes or the batch ends."""
        sent.connections, sent.until = self._broker.connections, monotonic() + ENOUGH
        try:
            while (part := await parts.get()) and not self._ended(sent):
                sent.last = part[-1].id
                published.put_nowait(await self._publish(part, sent))
        finally:
            published.put_nowait(None)

    def _ended(self, sent: Sent) -> bool:
        """Whether a batch publishes nothing more. Behind a new connection may be another server,
        to be looked at first."""
        late = sent.published > 0 and monotonic() > sent.until
        return bool(sent.outage) or late or sent.connections != self._broker.connections

    async def _publish(self, rows: Part, sent: Sent) -> Mapping[int, str]:
        """Publish stream by stream until the batch ends; the rows that went out, and where."""
        by_stream: dict[str, list[Row[Any]]] = defaultdict(list)
        for row in rows:
            by_stream[row.stream].append(row)
        stream_ids: dict[int, str] = {}
        for stream, members in by_stream.items():
            if stream in sent.refused:
                continue  # or they would overtake what was refused
            if self._ended(sent):
                break
            entries = [(row.attributes, row.data) for row in members]
            try:
                with sending(stream, (from_json(row.attributes) for row in members)):
                    added = await self._broker.publish(self._key_prefix + stream, entries)
            except BrokerRefused as error:
                # This stream's own trouble: the others go on.
                sent.refused[stream], self._refused[stream] = error, monotonic()
                continue
            except BrokerUnavailable as error:
                sent.outage = error
                continue
            self._refused.pop(stream, None)
            RELAY_PUBLISHED.labels(stream).inc(len(added))
            sent.published += len(added)
            stream_ids |= zip((row.id for row in members), added, strict=True)
        return stream_ids


async def _move_all(
    published: asyncio.Queue[StreamIds], parts: asyncio.Queue[Part], waiting: Waiting
) -> None:
    """Move what was published, until that is all, and read the next part when one is wanted."""
    part: Part | None = None
    try:
        while True:
            if part != [] and parts.empty():
                part = await waiting.next_part()
                parts.put_nowait(part)
            elif (stream_ids := await published.get()) is None:
                return
            else:
                await waiting.move(stream_ids)
    finally:
        parts.put_nowait([])
