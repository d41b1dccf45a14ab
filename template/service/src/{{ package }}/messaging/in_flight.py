"""The entries a consumer has in hand: started, kept alive, settled, and handed back at the end."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import structlog

from ..errors import BrokerUnavailable
from .broker import GroupMissing
from .handling import Handling
from .retry import Again
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

    def start(self, deliveries: Sequence[Delivery], tasks: asyncio.TaskGroup) -> bool:
        """Start on entries: by themselves, or together those whose handlers take batches. Whether
        a suspect is among them, which leaves the gate when it is settled."""
        suspects = False
        together: dict[bytes | None, list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            if delivery.stream_id in self._running:
                # A process that was stopped for long finds entries due that it still works on.
                continue
            suspects |= delivery.suspect
            if self._handling.batch_size(delivery) == 1:
                self._start([delivery], tasks)
            else:
                together[delivery.fields.get(b"ce_type")].append(delivery)
        for batch in together.values():
            self._start(batch, tasks)
        return suspects

    def _start(self, deliveries: Sequence[Delivery], tasks: asyncio.TaskGroup) -> None:
        task = tasks.create_task(self._settle(deliveries))
        self._running |= {delivery.stream_id: task for delivery in deliveries}
        RUNNING.labels(self._group.stream).set(len(self._running))

    async def hand_back(self, delivery: Delivery) -> None:
        """Give an entry up at once, as if it had not been delivered."""
        idle = int(self._visibility_timeout * 1000)
        try:
            await self._group.park(delivery.stream_id, idle, delivery.attempt - 1)
        except (BrokerUnavailable, GroupMissing) as error:
            log.warning("event.not_handed_back", stream_id=delivery.stream_id, reason=str(error))

    async def _settle(self, deliveries: Sequence[Delivery]) -> None:
        try:
            outcomes = await self._handling.settle(deliveries)
            self._release(deliveries)
            await self._carry_out(deliveries, outcomes)
        except asyncio.CancelledError:
            self._release(deliveries)
            for delivery in deliveries:
                await self.hand_back(delivery)
        except (BrokerUnavailable, GroupMissing) as error:
            # They stay pending; the inbox knows what was handled.
            log.warning("event.not_settled", count=len(deliveries), reason=str(error))
        finally:
            self._release(deliveries)

    async def _carry_out(
        self, deliveries: Sequence[Delivery], outcomes: Sequence[Again | None]
    ) -> None:
        done = [d.stream_id for d, again in zip(deliveries, outcomes, strict=True) if not again]
        if done:
            await self._group.ack(done)
            DELIVERIES.labels(self._group.stream, "acknowledged").inc(len(done))
        for delivery, again in zip(deliveries, outcomes, strict=True):
            if again:
                idle = int((self._visibility_timeout - again.delay) * 1000)
                attempts = delivery.attempt if again.counted else delivery.attempt - 1
                await self._group.park(delivery.stream_id, idle, attempts)
                DELIVERIES.labels(self._group.stream, "parked").inc()

    def _release(self, deliveries: Sequence[Delivery]) -> None:
        """End the heartbeat and free the slots."""
        for delivery in deliveries:
            if self._running.pop(delivery.stream_id, None) is not None and delivery.suspect:
                self.suspects.leave()
        RUNNING.labels(self._group.stream).set(len(self._running))
        self.slot_freed.set()

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
        running = set(self._running.values())
        if not running:
            return
        log.info("consumer.draining", stream=self._group.stream, count=len(running))
        _, late = await asyncio.wait(running, timeout=patience)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
            log.warning("consumer.drain_cut_short", stream=self._group.stream, count=len(late))
