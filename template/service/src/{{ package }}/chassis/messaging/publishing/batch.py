"""One batch: lock, read, XADD, and move the rows that were read to `outbox_sent`, in a transaction.

A crash before the commit repeats the batch: events may be doubled, never lost. There is no cursor:
an event waits as long as its row exists, because rows can become visible out of their ids' order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import monotonic

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from ...db import DATABASE_ERRORS, answer_within
from ...waiting import both
from ..observing.metrics import RELAY_BATCH, RELAY_DELAY, RELAY_SIZE
from ..redis import Broker
from .pending_batch import Part, PendingBatch
from .stream_writer import StreamWriter

FULL_LOOK = 1.0
"""Seconds between batches that begin at the oldest row while batches are full."""
PATIENCE = 30.0
"""Seconds that a batch may take: the connection may be dead and not know it."""
REFUSED = 5.0
"""Seconds that a stream which refuses is left out, so that its events hold up no others."""

log = structlog.get_logger()


class Unrecorded(Exception):
    """Events were published, but Postgres did not take note: they will be published again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """How many events were published; `more` if there may be others to publish now."""

    count: int
    more: bool


class Start:
    """Where the next batch begins: at the oldest row or, while batches are full, behind the one
    before, which spares Postgres from walking over what was just deleted. That is no cursor: a
    batch begins at the oldest row every FULL_LOOK seconds, after a failure, and when a stream
    that refused is tried again."""

    def __init__(self) -> None:
        self.refused_at: dict[str, float] = {}
        self._behind = 0
        self._left_out: list[str] = []
        self._full_look = float("-inf")

    def take(self, now: float) -> tuple[int, list[str]]:
        """The row to begin behind, for once, and the streams to leave out."""
        left_out = [stream for stream, at in self.refused_at.items() if now - at < REFUSED]
        if left_out != self._left_out or now - self._full_look > FULL_LOOK:
            self._behind, self._left_out, self._full_look = 0, left_out, now
        behind, self._behind = self._behind, 0
        return behind, left_out

    def behind(self, row: int) -> None:
        """Begin the next batch behind a row; with 0 at the oldest."""
        self._behind = row

    def note(self, accepted: Iterable[str], refused: Iterable[str]) -> None:
        """Note which streams took what they were given, and which did not."""
        for stream in accepted:
            self.refused_at.pop(stream, None)
        self.refused_at |= dict.fromkeys(refused, monotonic())


class Batches:
    """Publishes an outbox, `size` events at a time."""

    def __init__(self, engine: AsyncEngine, broker: Broker, *, key_prefix: str, size: int) -> None:
        self._engine = engine
        self._broker = broker
        self._key_prefix = key_prefix
        self._size = size
        self._start = Start()

    @property
    def refused(self) -> bool:
        """Whether there is a stream that took nothing the last time."""
        return bool(self._start.refused_at)

    def start_over(self) -> None:
        """Begin the next batch at the oldest row: there may be older ones again."""
        self._start.behind(0)

    async def publish_next(self) -> Batch:
        """Publish the oldest events, if no other relay is about to.

        Raises Unrecorded, BrokerUnavailable or a database error; none of them loses an event.
        """
        started, writer = monotonic(), StreamWriter(self._broker, self._key_prefix)
        after, left_out = self._start.take(started)
        try:
            async with answer_within(PATIENCE), self._engine.begin() as transaction:
                pending = PendingBatch(transaction, after=after, left_out=left_out, size=self._size)
                oldest = await pending.first_part()
                await _relay(oldest, pending, writer)
        except DATABASE_ERRORS as error:
            if writer.published:
                raise Unrecorded(str(error)) from error
            raise
        self._start.note(writer.accepted, writer.refused)
        writer.check()
        if not oldest:
            return Batch(0, more=False)
        if pending.more and not writer.ended:
            self._start.behind(pending.last)
        _measure(monotonic() - started, oldest, writer.published)
        return Batch(writer.published, more=True)


async def _relay(part: Part, pending: PendingBatch, writer: StreamWriter) -> None:
    """While Redis takes one part, Postgres moves the one before and reads the next."""
    stream_ids: Mapping[int, str] = {}
    while part and not writer.ended:
        stream_ids, part = await both(writer.publish(part), _move_and_read(stream_ids, pending))
    await pending.move(stream_ids)


async def _move_and_read(stream_ids: Mapping[int, str], pending: PendingBatch) -> Part:
    await pending.move(stream_ids)
    return await pending.next_part()


def _measure(seconds: float, oldest: Part, count: int) -> None:
    RELAY_BATCH.observe(seconds)
    RELAY_SIZE.observe(count)
    RELAY_DELAY.observe(oldest[0].age + seconds)
    log.debug("outbox.relayed", count=count)
