"""The entries a consumer has in hand: started, kept alive, settled, and handed back at the end."""

import asyncio

import structlog

from ..errors import BrokerUnavailable
from .broker import GroupMissing
from .handling import Handling
from .stream import Delivery, Group
from .telemetry import DELIVERIES, LEASE_LOST, RUNNING

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


class InFlight:
    """Up to `concurrency` entries of one stream, each with a task and a heartbeat."""

    def __init__(
        self,
        group: Group,
        handling: Handling,
        suspects: SuspectGate,
        *,
        concurrency: int,
        visibility_timeout: float,
    ) -> None:
        self.slot_freed = asyncio.Event()
        self.suspects = suspects
        self._group = group
        self._handling = handling
        self._concurrency = concurrency
        self._visibility_timeout = visibility_timeout
        self._running: dict[str, asyncio.Task[None]] = {}

    @property
    def free(self) -> int:
        """How many more entries may be started."""
        return self._concurrency - len(self._running)

    @property
    def count(self) -> int:
        """How many entries are in hand."""
        return len(self._running)

    def start(self, delivery: Delivery, tasks: asyncio.TaskGroup) -> bool:
        """Start on an entry, unless it is in hand already: a process that was stopped for long
        finds entries due that it is still working on."""
        if delivery.stream_id in self._running:
            return False
        self._running[delivery.stream_id] = tasks.create_task(self._settle(delivery))
        RUNNING.labels(self._group.stream).set(len(self._running))
        return True

    async def hand_back(self, delivery: Delivery) -> None:
        """Give an entry up at once, as if it had not been delivered."""
        idle = int(self._visibility_timeout * 1000)
        try:
            await self._group.park(delivery.stream_id, idle, delivery.attempt - 1)
        except (BrokerUnavailable, GroupMissing) as error:
            log.warning("event.not_handed_back", stream_id=delivery.stream_id, reason=str(error))

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
            await self.hand_back(delivery)
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
            self.slot_freed.set()
            if delivery.suspect:
                self.suspects.leave()

    async def heartbeat(self) -> None:
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

    async def drain(self, patience: float) -> None:
        """Wait up to `patience` seconds, then cancel the rest, which hands itself back."""
        running = list(self._running.values())
        if not running:
            return
        log.info("consumer.draining", stream=self._group.stream, count=len(running))
        _, late = await asyncio.wait(running, timeout=patience)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
            log.warning("consumer.drain_cut_short", stream=self._group.stream, count=len(late))
