"""The consumer: takes entries of one stream for this service's group, and has them handled.

An entry stays in the group's pending list until every handler has decided. Whatever goes wrong
in between, it is taken up again from there: by this consumer, or by another one.
"""

import asyncio

import structlog

from ...errors import BrokerUnavailable, DatabaseUnavailable
from ...waiting import Backoff, wait
from ..observing.health import Health
from ..observing.metrics import REDELIVERIES, TRIMMED
from ..redis import GroupMissing
from .group import Claimed
from .in_flight import InFlight

MOMENT = 0.003
"""Seconds that free slots wait for others, up to a half of all, for each read costs as much as the
handling of a small event does."""

log = structlog.get_logger()


class Consumer:
    """Keeps the slots of `in_flight` filled from one stream. Times are in seconds."""

    def __init__(
        self, in_flight: InFlight, health: Health, *, start: str, drain_timeout: float
    ) -> None:
        self._in_flight = in_flight
        self._group = in_flight.group
        self._dispatcher = in_flight.dispatcher
        self._breaker = in_flight.dispatcher.policy.breaker
        self._health = health
        self._start = start
        self._drain_timeout = drain_timeout
        self._part = f"stream {self._group.stream}"
        self._interval = min(in_flight.visibility_timeout / 10, 1)
        self._cursor = "-"
        self._next_pass = 0.0
        health.failing(self._part, "starting")
        TRIMMED.labels(self._group.stream)  # begins at 0, so that its first increase is seen

    async def run(self, stopping: asyncio.Event) -> None:
        """Consume until `stopping` is set, then finish or release what is in hand."""
        async with asyncio.TaskGroup() as tasks:
            heartbeat = tasks.create_task(self._in_flight.heartbeat())
            await self._loop(tasks, stopping)
            await self._in_flight.drain(self._drain_timeout)
            heartbeat.cancel()
        try:
            await self._group.leave()
        except (BrokerUnavailable, GroupMissing) as error:
            log.warning("consumer.not_removed", stream=self._group.stream, reason=str(error))

    async def _loop(self, tasks: asyncio.TaskGroup, stopping: asyncio.Event) -> None:
        backoff, missing = Backoff(0.2, 5), True
        while not stopping.is_set():
            self._health.beat(self._part)
            try:
                if missing:
                    await self._group.ensure(self._start)
                    # A group that goes missing later missed events: it begins at the beginning.
                    missing, self._start = False, "0"
                await self._dispatcher.database.require()
                await self._take_over(tasks)
                await self._read(tasks, stopping)
            except GroupMissing as error:
                log.warning("group.missing", stream=self._group.stream, reason=str(error))
                missing = True
            except (BrokerUnavailable, DatabaseUnavailable) as error:
                await self._wait_for_servers(str(error), backoff.next(), stopping)
            else:
                backoff.reset()
                self._tell_health()

    async def _take_over(self, tasks: asyncio.TaskGroup) -> None:
        """Walk the pending list for entries that are due, to its end unless slots run out."""
        self._in_flight.slot_freed.clear()
        self._in_flight.half_freed.clear()
        now = asyncio.get_running_loop().time()
        if self._cursor == "-" and now < self._next_pass:
            return
        while count := self._allowed():
            page = await self._claim(count)
            self._in_flight.start(page.deliveries, tasks)
            REDELIVERIES.labels(self._group.stream).inc(len(page.deliveries))
            for stream_id in page.trimmed:
                TRIMMED.labels(self._group.stream).inc()
                log.error("event.trimmed", stream=self._group.stream, stream_id=stream_id)
            self._cursor = page.cursor
            if page.cursor == "-":
                self._next_pass = now + self._interval
                return

    async def _read(self, tasks: asyncio.TaskGroup, stopping: asyncio.Event) -> None:
        """Take what is new, as much as there are free slots; without any, wait for one."""
        in_flight = self._in_flight
        if self._allowed() and not in_flight.half_free:
            await wait(MOMENT, in_flight.half_freed, stopping)
        count = self._allowed()
        if not count or stopping.is_set():
            await wait(self._interval, in_flight.slot_freed, stopping)
            return
        deliveries = await self._group.read(count, block=max(10, int(self._interval * 1000)))
        if not stopping.is_set():
            in_flight.start(deliveries, tasks)
            return
        for delivery in deliveries:
            await in_flight.release(delivery)

    async def _claim(self, count: int) -> Claimed:
        """A page of what is due, a poison candidate among it only if none runs in the process."""
        isolation, in_hand = self._in_flight.isolation, self._in_flight.stream_ids
        min_idle = int(self._in_flight.visibility_timeout * 1000)
        isolated, has_candidate = isolation.acquire(), False
        try:
            page = await self._group.claim(min_idle, self._cursor, count, int(isolated), in_hand)
            has_candidate = any(delivery.poison_candidate for delivery in page.deliveries)
            return page
        finally:
            if isolated and not has_candidate:
                isolation.release()

    def _allowed(self) -> int:
        """How many entries may be taken now."""
        return self._breaker.allows(self._in_flight.free, len(self._in_flight.stream_ids))

    async def _wait_for_servers(self, reason: str, delay: float, stopping: asyncio.Event) -> None:
        self._health.failing(self._part, reason)
        log.warning(
            "consumer.waiting",
            stream=self._group.stream,
            reason=reason,
            retry_in=round(delay, 3),
        )
        await wait(delay, stopping)
        # After an outage all looks abandoned: nothing is taken over before heartbeats can be here.
        self._cursor = "-"
        self._next_pass = asyncio.get_running_loop().time() + self._in_flight.beat

    def _tell_health(self) -> None:
        if failing := self._breaker.open_for:
            reason = f"one event after another fails for {', '.join(failing)}; probing"
            self._health.failing(self._part, reason)
        elif self._health.working(self._part):
            log.info("consumer.ready", stream=self._group.stream)
