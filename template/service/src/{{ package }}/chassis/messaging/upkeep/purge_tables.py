"""Purging: deletes the rows of `outbox_sent` and `inbox` that nothing can ask for any more."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta

import structlog
from prometheus_client import Counter
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from ..observing.metrics import PURGED
from ..redis import Broker
from .inspection import inspect_stream

PAUSE = 0.02
"""Seconds between two batches."""
BATCH = 1000
"""Rows deleted in one transaction. Rows that somebody works on are left for the next time."""

_OUTBOX_SENT = text("""
    WITH old AS (
        DELETE FROM outbox_sent WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM outbox_sent WHERE sent_at < now() - CAST(:keep AS interval)
            ORDER BY sent_at LIMIT :size FOR UPDATE SKIP LOCKED
        )) RETURNING 1
    )
    SELECT count(*) FROM old
""")
# A dead row stays as long as its letter is open. A letter that was decided on goes with its row:
# without the row its event could die once more, but a decision has one letter only.
_INBOX = text("""
    WITH old AS (
        DELETE FROM inbox WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM inbox
            WHERE decided_at < now() - CAST(:keep AS interval) AND state <> 'dead'
            ORDER BY decided_at LIMIT :size FOR UPDATE SKIP LOCKED
        )) RETURNING handler, event_id
    ), letters AS (
        DELETE FROM dead_letters AS letter USING old
        WHERE letter.handler = old.handler AND letter.event_id = old.event_id
          AND letter.state IN ('replayed', 'discarded')
    )
    SELECT count(*) FROM old
""")

log = structlog.get_logger()


class Purger:
    """Purges one service's tables."""

    def __init__(
        self, engine: AsyncEngine, broker: Broker, *, outbox: timedelta, inbox: timedelta
    ) -> None:
        self._engine = engine
        self._broker = broker
        self._outbox = outbox
        self._inbox = inbox

    async def purge_outbox_sent(self) -> None:
        """Forget what was published longer ago than anybody may ask to have it sent again."""
        await self._purge("outbox_sent", _OUTBOX_SENT, self._outbox)

    async def purge_inbox(self, keys: Collection[str]) -> None:
        """Forget old decisions, but none that is younger than an entry in these keys: a group
        that begins anew meets all of them. Raises BrokerUnavailable, and then forgets nothing."""
        keep = self._inbox
        for key in keys:
            contents = await inspect_stream(self._broker, key)
            if contents is not None:
                keep = max(keep, contents.age)
        await self._purge("inbox", _INBOX, keep)

    async def _purge(self, table: str, statement: TextClause, keep: timedelta) -> None:
        async def batch() -> int:
            async with self._engine.begin() as transaction:
                limits = {"keep": keep, "size": BATCH}
                return int((await transaction.execute(statement, limits)).scalar_one())

        count = await in_small_batches(batch, PURGED.labels(table))
        if count:
            log.info("janitor.purged", table=table, count=count)


async def in_small_batches(batch: Callable[[], Awaitable[int]], done: Counter) -> int:
    """Repeat a batch until it finds nothing left to do; returns how much was done."""
    total = 0
    while count := await batch():
        done.inc(count)
        total += count
        await asyncio.sleep(PAUSE)
    return total
