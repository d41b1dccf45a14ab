"""The janitor: removes what nobody needs any more from streams, tables and groups.

It runs beside every relay; one of them cleans at a time, in small batches that hold nobody up.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from ...db import reason_of
from ...waiting import cancellable
from ..failure import whereabouts
from ..observing.metrics import JANITOR_FAILED
from ..redis import Broker
from .idle_consumers import remove_idle_consumers
from .purge_tables import Purger
from .trim_streams import Trimmer

Step = Callable[[], Awaitable[None]]

INTERVAL = 60.0
"""Seconds between two cleanings, give or take a half."""
LONGEST = 600.0
"""Seconds that a step may take; what it did by then is done."""
IDLE = 3600.0
"""Seconds without a sign of life after which a consumer that holds nothing is removed."""

# The lock's own session idles while a step works, and must end if the process is frozen.
_IDLE_TIMEOUT = text(f"SET LOCAL idle_in_transaction_session_timeout = '{int(LONGEST)}s'")
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('messaging.janitor'))")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept at least."""

    outbox: timedelta
    stream: timedelta
    inbox: timedelta


class Janitor:
    """Cleans up after one service: the streams it publishes, its tables, and its group in the
    streams that it reads."""

    def __init__(
        self,
        engine: AsyncEngine,
        broker: Broker,
        retention: Retention,
        *,
        key_prefix: str,
        group: str,
        publishes: Collection[str],
        reads: Collection[str],
        visibility_timeout: float,
    ) -> None:
        self._engine = engine
        trim = Trimmer(engine, broker, key_prefix=key_prefix, retention=retention.stream).trim
        purger = Purger(engine, broker, outbox=retention.outbox, inbox=retention.inbox)
        remove = partial(remove_idle_consumers, broker, key_prefix=key_prefix, group=group)
        after = max(IDLE, 10 * visibility_timeout)
        self._steps: list[tuple[str, Step]] = [
            ("trim", partial(trim, stream)) for stream in sorted(publishes)
        ]
        for stream in sorted(reads):
            dead_letters = f"{stream}.{group}.dlq"
            self._steps.append(("trim", partial(trim, dead_letters, unread_too=True)))
            self._steps.append(("consumers", partial(remove, stream, after=after)))
        keys = [key_prefix + stream for stream in sorted(reads)]
        self._steps.append(("outbox_sent", purger.purge_outbox_sent))
        self._steps.append(("inbox", partial(purger.purge_inbox, keys)))

    async def run(self) -> None:
        """Clean again and again until cancelled, which does no harm at any point."""
        while True:
            await self.clean()
            await asyncio.sleep(random.uniform(0.5, 1.5) * INTERVAL)

    async def clean(self) -> None:
        """Take every step once. One that fails is taken again next time, whatever the reason:
        the relay beside it has more important work."""
        for name, step in self._steps:
            try:
                with cancellable():
                    async with asyncio.timeout(LONGEST), self._alone() as alone:
                        if alone:
                            await step()
            except Exception as error:  # noqa: BLE001 (the next step is another one's)
                JANITOR_FAILED.labels(name).inc()
                log.warning(
                    "janitor.failed",
                    step=name,
                    error=type(error).__name__,
                    at=whereabouts(error),
                    reason=reason_of(error),
                )

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[bool]:
        """Whether no other janitor works; none will as long as the block runs."""
        async with self._engine.begin() as transaction:
            await transaction.execute(_IDLE_TIMEOUT)
            yield bool((await transaction.execute(_LOCK)).scalar_one())
