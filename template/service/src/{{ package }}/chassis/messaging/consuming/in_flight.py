"""The entries a consumer has in hand: started, kept alive, settled, and handed back at the end."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial

import structlog

from ...backoff import Backoff
from ...errors import BrokerUnavailable
from ...tracing.messaging import settling
from ..metrics import DELIVERIES, LEASE_LOST, RUNNING
from ..redis import Delivery, GroupMissing
from .dispatch import Handling
from .group import Group
from .retry_policy import Again
from .suspects import SuspectGate

BEAT = 5.0
"""Seconds between heartbeats, at most: another release may have a shorter visibility timeout."""

log = structlog.get_logger()


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
        self.half_freed = asyncio.Event()
        self.suspects = suspects
        self._group = group
        self._handling = handling
        self._concurrency = concurrency
        self._visibility_timeout = visibility_timeout
        self._running: dict[str, asyncio.Task[None]] = {}
        self._alive: set[str] = set()

    @property
    def free(self) -> int:
        """How many more entries may be started."""
        return self._concurrency - len(self._running)

    @property
    def half_free(self) -> bool:
        """Whether at least half of the slots are."""
        return 2 * self.free >= self._concurrency

    @property
    def stream_ids(self) -> list[str]:
        """The entries in hand."""
        return list(self._running)

    @property
    def beat(self) -> float:
        """Seconds between two heartbeats."""
        return min(self._visibility_timeout / 3, BEAT)

    def start(self, deliveries: Sequence[Delivery], tasks: asyncio.TaskGroup) -> bool:
        """Start on entries: by themselves, or together those whose handlers take batches. Whether
        a suspect is among them, which leaves the gate when it is settled."""
        suspects = False
        together: dict[bytes | None, list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            if delivery.stream_id in self._running:
                continue  # a group that was made anew delivers from the beginning
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
        self._alive |= {delivery.stream_id for delivery in deliveries}
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
            self._end_heartbeat(deliveries)
            await self._carry_out(deliveries, outcomes)
        except asyncio.CancelledError:
            self._end_heartbeat(deliveries)
            for delivery in deliveries:
                await self.hand_back(delivery)
        except GroupMissing as error:
            # They come again, if Redis lost them; the inbox knows what was handled.
            log.warning("event.not_settled", count=len(deliveries), reason=str(error))
        finally:
            self._release(deliveries)

    async def _carry_out(
        self, deliveries: Sequence[Delivery], outcomes: Sequence[Again | None]
    ) -> None:
        done = [d for d, again in zip(deliveries, outcomes, strict=True) if not again]
        if done:
            ids = [delivery.stream_id for delivery in done]
            with self._settling("ack", done):
                await self._insist(partial(self._group.ack, ids))
            DELIVERIES.labels(self._group.stream, "acknowledged").inc(len(done))
        for delivery, again in zip(deliveries, outcomes, strict=True):
            if again:
                with self._settling("park", [delivery]):
                    await self._insist(partial(self._park, delivery, again))
                DELIVERIES.labels(self._group.stream, "parked").inc()

    def _settling(
        self, operation: str, deliveries: Sequence[Delivery]
    ) -> AbstractContextManager[None]:
        group = self._group
        attributes = [delivery.attributes for delivery in deliveries]
        return settling(operation, group.stream, attributes, group.group, group.consumer)

    async def _park(self, delivery: Delivery, again: Again) -> None:
        idle = int((self._visibility_timeout - again.delay) * 1000)
        attempts = delivery.attempt if again.counted else delivery.attempt - 1
        await self._group.park(delivery.stream_id, idle, attempts)

    async def _insist(self, command: Callable[[], Awaitable[object]]) -> None:
        """Repeat a command until Redis answers. Without it the entry would come back as an
        orphan, which counts as one more attempt."""
        backoff = Backoff(self.beat / 10, self.beat / 2)
        while True:
            try:
                await command()
            except BrokerUnavailable as error:
                log.warning("event.not_settled", reason=str(error))
                await asyncio.sleep(backoff.next())
            else:
                return

    def _end_heartbeat(self, deliveries: Sequence[Delivery]) -> None:
        """It would keep a parked entry from becoming due."""
        self._alive -= {delivery.stream_id for delivery in deliveries}

    def _release(self, deliveries: Sequence[Delivery]) -> None:
        """Free the slots."""
        for delivery in deliveries:
            del self._running[delivery.stream_id]
            if delivery.suspect:
                self.suspects.leave()
        RUNNING.labels(self._group.stream).set(len(self._running))
        self.slot_freed.set()
        if self.half_free:
            self.half_freed.set()

    async def heartbeat(self) -> None:
        """Keep what is being handled from looking abandoned, until cancelled."""
        while True:
            await asyncio.sleep(self.beat)
            if not self._alive:
                continue
            try:
                for stream_id in await self._group.touch(list(self._alive)):
                    if stream_id in self._alive:
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
