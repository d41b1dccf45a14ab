"""The consumer: takes entries of one stream for this service's group, and settles each of them.

An entry stays in the group's pending list until every handler has decided. Whatever goes wrong
in between, it is taken up again from there: by this consumer, or by another one.
"""

import asyncio

import structlog

from ...backoff import Backoff
from ...cancellation import wait
from ...errors import BrokerUnavailable, DatabaseUnavailable
from ..metrics import REDELIVERIES, TRIMMED
from ..observing.health import Health
from ..redis import GroupMissing
from .dispatch import Handling
from .group import Group
from .in_flight import InFlight

MOMENT = 0.003
"""Seconds that free slots wait for others, up to a half of all, for each read costs as much as the
handling of a small event does."""

log = structlog.get_logger()


class Consumer:
    """Keeps the slots of `in_flight` filled from one stream. Times are in seconds."""

    def __init__(
        self,
        group: Group,
        handling: Handling,
        in_flight: InFlight,
        health: Health,
        *,
        visibility_timeout: float,
        start: str,
        drain_timeout: float,
    ) -> None:
        self._group = group
        self._handling = handling
        self._health = health
        self._in_flight = in_flight
        self._visibility_timeout = visibility_timeout
        self._start = start
        self._drain_timeout = drain_timeout
        self._part = f"stream {group.stream}"
        self._interval = min(visibility_timeout / 10, 1)
        self._cursor = "-"
        self._next_pass = 0.0
        health.failing(self._part, "starting")
        TRIMMED.labels(group.stream)  # begins at 0, so that its first increase is seen

    async def run(self, stopping: asyncio.Event) -> None:
        """Consume until `stopping` is set, then finish or hand back what is in hand."""
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
        backoff = Backoff(0.2, 5)
        missing = True
        while not stopping.is_set():
            self._health.beat(self._part)
            try:
                if missing:
                    await self._group.ensure(self._start)
                    # A group that goes missing later missed events: it begins at the beginning.
                    missing, self._start = False, "0"
                await self._turn(tasks, stopping)
            except GroupMissing as error:
                log.warning("group.missing", stream=self._group.stream, reason=str(error))
                missing = True
            except (BrokerUnavailable, DatabaseUnavailable) as error:
                delay = backoff.next()
                self._health.failing(self._part, str(error))
                log.warning(
                    "consumer.waiting",
                    stream=self._group.stream,
                    reason=str(error),
                    retry_in=round(delay, 3),
                )
                await wait(delay, stopping)
                self._wait_for_heartbeats()
            else:
                backoff.reset()
                if failing := self._handling.breaker.open_for:
                    reason = f"one event after another fails for {', '.join(failing)}; probing"
                    self._health.failing(self._part, reason)
                elif self._health.working(self._part):
                    log.info("consumer.ready", stream=self._group.stream)

    async def _turn(self, tasks: asyncio.TaskGroup, stopping: asyncio.Event) -> None:
        """Take up what is due, then read what is new: as much as there are free slots."""
        if not self._handling.database_answers and not await self._handling.ask_database():
            raise DatabaseUnavailable("Postgres does not answer")
        in_flight = self._in_flight
        in_flight.slot_freed.clear()
        in_flight.half_freed.clear()
        await self._claim(tasks)
        if self._free() and not in_flight.half_free:
            await wait(MOMENT, in_flight.half_freed, stopping)
        free = self._free()
        if not free or stopping.is_set():
            await wait(self._interval, in_flight.slot_freed, stopping)
            return
        deliveries = await self._group.read(free, block=max(10, int(self._interval * 1000)))
        if not stopping.is_set():
            in_flight.start(deliveries, tasks)
            return
        for delivery in deliveries:
            await in_flight.hand_back(delivery)

    async def _claim(self, tasks: asyncio.TaskGroup) -> None:
        """Walk the pending list for entries that are due, to its end unless slots run out."""
        now, in_flight = asyncio.get_running_loop().time(), self._in_flight
        if self._cursor == "-" and now < self._next_pass:
            return
        while free := self._free():
            suspects = in_flight.suspects.enter()
            taken = False
            try:
                page = await self._group.claim(
                    int(self._visibility_timeout * 1000),
                    self._cursor,
                    free,
                    suspects,
                    in_flight.stream_ids,
                )
                taken = in_flight.start(page.deliveries, tasks)
                REDELIVERIES.labels(self._group.stream).inc(len(page.deliveries))
            finally:
                if suspects and not taken:
                    in_flight.suspects.leave()
            for stream_id in page.trimmed:
                TRIMMED.labels(self._group.stream).inc()
                log.error("event.trimmed", stream=self._group.stream, stream_id=stream_id)
            self._cursor = page.cursor
            if page.cursor == "-":
                self._next_pass = now + self._interval
                return

    def _wait_for_heartbeats(self) -> None:
        """Take nothing over before they can be here: after an outage all look abandoned."""
        self._cursor = "-"
        self._next_pass = asyncio.get_running_loop().time() + self._in_flight.beat

    def _free(self) -> int:
        """How many entries may be taken now."""
        in_flight = self._in_flight
        return self._handling.breaker.allows(in_flight.free, len(in_flight.stream_ids))
