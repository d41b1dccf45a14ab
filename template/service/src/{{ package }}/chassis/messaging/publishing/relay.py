"""The relay: moves committed events from the outbox to their streams, oldest first."""

import asyncio

import structlog

from ...db import DATABASE_ERRORS, Database, reason_of
from ...errors import BrokerUnavailable
from ...waiting import Backoff, wait
from ..observing.health import Health
from ..observing.metrics import RELAY_FAILED
from .batch import Batches, Unrecorded
from .lost_writes import LostWrites
from .notify import listen

POLL = 1.0
"""Seconds between looks when nobody notifies."""

log = structlog.get_logger()


class Relay:
    """Publishes one service's outbox. Any number may run; one works, the others stand by."""

    def __init__(
        self, database: Database, batches: Batches, lost_writes: LostWrites, health: Health
    ) -> None:
        self._database = database
        self._batches = batches
        self._lost_writes = lost_writes
        self._health = health
        self._notified = asyncio.Event()
        health.failing("relay", "starting")

    async def run(self, stopping: asyncio.Event) -> None:
        """Relay until `stopping` is set. A batch that was begun is finished."""
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(listen(self._database, self._notified))
            await self._loop(stopping)
            listening.cancel()

    async def _loop(self, stopping: asyncio.Event) -> None:
        outage, unrecorded = Backoff(0.2, 5), Backoff(1, 60)
        while not stopping.is_set():
            self._health.beat("relay")
            self._notified.clear()
            try:
                if await self._lost_writes.look():
                    self._batches.start_over()
                batch = await self._batches.publish_next()
            except Unrecorded as error:
                await self._failed("unrecorded", error.__cause__ or error, unrecorded, stopping)
            except (BrokerUnavailable, *DATABASE_ERRORS) as error:
                part = "redis" if isinstance(error, BrokerUnavailable) else "postgres"
                await self._failed(part, error, outage, stopping)
            else:
                outage.reset()
                if batch.count:
                    unrecorded.reset()
                if not self._batches.refused and self._health.working("relay"):
                    log.info("relay.ready")
                if not batch.more and not self._lost_writes.busy:
                    await wait(POLL, self._notified, stopping)

    async def _failed(
        self, part: str, error: BaseException, backoff: Backoff, stopping: asyncio.Event
    ) -> None:
        RELAY_FAILED.labels(part).inc()
        self._batches.start_over()  # rows may have been put back before it failed
        delay = backoff.next()
        reason = reason_of(error)
        self._health.failing("relay", reason)
        log.warning("relay.failed", part=part, reason=reason, retry_in=round(delay, 3))
        await wait(delay, stopping)
