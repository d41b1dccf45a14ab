"""The consumer: takes entries of one stream for this service's group, and settles each of them.

An entry stays in the group's pending list until every handler has decided. Whatever goes wrong
in between, it is taken up again from there: by this consumer, or by another one.
"""

import asyncio

import structlog

from ..errors import BrokerUnavailable, DatabaseUnavailable
from .broker import GroupMissing
from .handling import Handling
from .health import Backoff, Health, wait
from .stream import Delivery, Group
from .telemetry import DELIVERIES, LEASE_LOST, RUNNING, TRIMMED

log = structlog.get_logger()


class SuspectGate:
    """Lets one suspect at a time run in a process, whichever stream it came from."""

    def __init__(self) -> None:
        self._taken = False

    def enter(self) -> int:
        """How many suspects may be claimed now; what is not used is given back by `leave`."""
        free = 0 if self._taken else 1
        self._taken = True
        return free

    def leave(self) -> None:
        """Let the next one in."""
        self._taken = False


class Consumer:
    """Handles up to `concurrency` entries of one stream at a time. Times are in seconds."""

    def __init__(
        self,
        group: Group,
        handling: Handling,
        health: Health,
        suspects: SuspectGate,
        *,
        concurrency: int,
        visibility_timeout: float,
        start: str,
        drain_timeout: float,
    ) -> None:
        self._group = group
        self._handling = handling
        self._health = health
        self._suspects = suspects
        self._concurrency = concurrency
        self._visibility_timeout = visibility_timeout
        self._start = start
        self._drain_timeout = drain_timeout
        self._part = f"stream {group.stream}"
        self._running: dict[str, asyncio.Task[None]] = {}
        self._slot_freed = asyncio.Event()
        self._interval = min(visibility_timeout / 10, 1)
        self._cursor = "-"
        self._next_pass = 0.0
        health.failing(self._part, "starting")

    async def run(self, stopping: asyncio.Event) -> None:
        """Consume until `stopping` is set, then finish or hand back what is in hand."""
        async with asyncio.TaskGroup() as tasks:
            heartbeat = tasks.create_task(self._heartbeat())
            await self._loop(tasks, stopping)
            await self._drain()
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
            else:
                backoff.reset()
                if self._health.working(self._part):
                    log.info("consumer.ready", stream=self._group.stream)

    async def _turn(self, tasks: asyncio.TaskGroup, stopping: asyncio.Event) -> None:
        """Take up what is due, then read what is new; as much as there are free slots."""
        if not self._handling.database_answers and not await self._handling.ask_database():
            raise DatabaseUnavailable("Postgres does not answer")
        self._slot_freed.clear()
        await self._claim(tasks)
        free = self._free()
        if not free:
            await wait(self._interval, self._slot_freed, stopping)
            return
        for delivery in await self._group.read(free, block=max(10, int(self._interval * 1000))):
            if stopping.is_set():
                await self._hand_back(delivery)
            else:
                self._take(delivery, tasks)

    async def _claim(self, tasks: asyncio.TaskGroup) -> None:
        """Walk the pending list for entries that are due, to its end unless slots run out."""
        now = asyncio.get_running_loop().time()
        if self._cursor == "-" and now < self._next_pass:
            return
        while free := self._free():
            suspects = self._suspects.enter()
            taken = False
            try:
                page = await self._group.claim(
                    int(self._visibility_timeout * 1000), self._cursor, free, suspects
                )
                for delivery in page.deliveries:
                    taken |= self._take(delivery, tasks) and delivery.suspect
            finally:
                if suspects and not taken:
                    self._suspects.leave()
            for stream_id in page.trimmed:
                TRIMMED.labels(self._group.stream).inc()
                log.error("event.trimmed", stream=self._group.stream, stream_id=stream_id)
            self._cursor = page.cursor
            if page.cursor == "-":
                self._next_pass = now + self._interval
                return

    def _free(self) -> int:
        return self._concurrency - len(self._running)

    def _take(self, delivery: Delivery, tasks: asyncio.TaskGroup) -> bool:
        """Start on an entry, unless it is in hand already: a process that was stopped for long
        finds entries due that it is still working on."""
        if delivery.stream_id in self._running:
            return False
        self._running[delivery.stream_id] = tasks.create_task(self._settle(delivery))
        RUNNING.labels(self._group.stream).set(len(self._running))
        return True

    async def _settle(self, delivery: Delivery) -> None:
        settlement = "handed_back"
        try:
            again = await self._handling.settle(delivery)
            self._release(delivery)
            if again is None:
                settlement = "acknowledged"
                await self._group.ack(delivery.stream_id)
            else:
                settlement = "parked"
                idle = int((self._visibility_timeout - again.delay) * 1000)
                attempts = delivery.attempt if again.counted else delivery.attempt - 1
                await self._group.park(delivery.stream_id, idle, attempts)
        except asyncio.CancelledError:
            self._release(delivery)
            await self._hand_back(delivery)
        except (BrokerUnavailable, GroupMissing) as error:
            # It stays pending; the inbox knows whether it was handled.
            settlement = "left_pending"
            log.warning("event.not_settled", stream_id=delivery.stream_id, reason=str(error))
        finally:
            self._release(delivery)
            DELIVERIES.labels(self._group.stream, settlement).inc()

    def _release(self, delivery: Delivery) -> None:
        """End the heartbeat and free the slot."""
        if self._running.pop(delivery.stream_id, None) is not None:
            RUNNING.labels(self._group.stream).set(len(self._running))
            self._slot_freed.set()
            if delivery.suspect:
                self._suspects.leave()

    async def _hand_back(self, delivery: Delivery) -> None:
        """Give an entry up at once, as if it had not been delivered."""
        try:
            await self._group.park(
                delivery.stream_id, int(self._visibility_timeout * 1000), delivery.attempt - 1
            )
        except (BrokerUnavailable, GroupMissing) as error:
            log.warning("event.not_handed_back", stream_id=delivery.stream_id, reason=str(error))

    async def _heartbeat(self) -> None:
        """Keep what is being handled from looking abandoned, until cancelled."""
        while True:
            await asyncio.sleep(min(self._visibility_timeout / 3, 5))
            if not self._running:
                continue
            try:
                for stream_id in await self._group.touch(list(self._running)):
                    if stream_id in self._running:
                        LEASE_LOST.labels(self._group.stream).inc()
                        log.warning("event.taken_over", stream_id=stream_id)
            except (BrokerUnavailable, GroupMissing) as error:
                log.warning("heartbeat.failed", stream=self._group.stream, reason=str(error))

    async def _drain(self) -> None:
        """Wait for what is running, then cancel the rest, which hands itself back."""
        running = list(self._running.values())
        if not running:
            return
        log.info("consumer.draining", stream=self._group.stream, count=len(running))
        _, late = await asyncio.wait(running, timeout=self._drain_timeout)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
            log.warning("consumer.drain_cut_short", stream=self._group.stream, count=len(late))
