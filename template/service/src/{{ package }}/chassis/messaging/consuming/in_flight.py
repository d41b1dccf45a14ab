"""The entries a consumer has in hand: started, kept alive, acknowledged or left for a retry."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import partial

import structlog

from ...errors import BrokerUnavailable
from ...tracing.messaging import acknowledging
from ...waiting import Backoff
from ..observing.metrics import DELIVERIES, LEASE_LOST, RUNNING
from ..redis import Delivery, GroupMissing
from .dispatch import Dispatcher
from .group import Group
from .poison_isolation import PoisonIsolation
from .retry_policy import RetryLater

BEAT = 5.0
"""Seconds between heartbeats, at most: another release may have a shorter visibility timeout."""

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class InFlight:
    """Up to `concurrency` entries of one stream, each with a task and a heartbeat. Times are in
    seconds."""

    group: Group
    dispatcher: Dispatcher
    isolation: PoisonIsolation
    _: KW_ONLY
    concurrency: int
    visibility_timeout: float
    slot_freed: asyncio.Event = field(default_factory=asyncio.Event)
    half_freed: asyncio.Event = field(default_factory=asyncio.Event)
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _alive: set[str] = field(default_factory=set)

    @property
    def free(self) -> int:
        """How many more entries may be started."""
        return self.concurrency - len(self._running)

    @property
    def half_free(self) -> bool:
        """Whether at least half of the slots are."""
        return 2 * self.free >= self.concurrency

    @property
    def stream_ids(self) -> list[str]:
        """The entries in hand."""
        return list(self._running)

    @property
    def beat(self) -> float:
        """Seconds between two heartbeats."""
        return min(self.visibility_timeout / 3, BEAT)

    def start(self, deliveries: Sequence[Delivery], tasks: asyncio.TaskGroup) -> None:
        """Start on entries: together where their handlers take batches, else one by one."""
        together: dict[str | bytes, list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            if delivery.stream_id in self._running:
                continue  # a group that was made anew delivers from the beginning
            together[self.dispatcher.batch_of(delivery)].append(delivery)
        for batch in together.values():
            task = tasks.create_task(self._deliver(batch))
            self._running |= {delivery.stream_id: task for delivery in batch}
            self._alive |= {delivery.stream_id for delivery in batch}
        RUNNING.labels(self.group.stream).set(len(self._running))

    async def _deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Have entries handled; then acknowledge each, or have it delivered again later."""
        try:
            retries = await self.dispatcher.handle(deliveries)
            self._end_heartbeat(deliveries)
            if done := [one for one in deliveries if one.stream_id not in retries]:
                ack = partial(self.group.ack, [one.stream_id for one in done])
                await self._confirm("ack", done, ack)
                DELIVERIES.labels(self.group.stream, "acknowledged").inc(len(done))
            for delivery in deliveries:
                if retry := retries.get(delivery.stream_id):
                    await self._confirm("park", [delivery], partial(self._park, delivery, retry))
                    DELIVERIES.labels(self.group.stream, "parked").inc()
        except asyncio.CancelledError:
            self._end_heartbeat(deliveries)
            for delivery in deliveries:
                await self.release(delivery)
        except GroupMissing as error:
            # They come again, if Redis lost them; the inbox knows what was handled.
            log.warning("event.not_acknowledged", count=len(deliveries), reason=str(error))
        finally:
            self._free_slots(deliveries)

    async def _confirm(
        self,
        operation: str,
        deliveries: Sequence[Delivery],
        command: Callable[[], Awaitable[object]],
    ) -> None:
        """Repeat a command until Redis answers. Without it the entry would come back as an
        orphan, which counts as one more attempt."""
        group, backoff = self.group, Backoff(self.beat / 10, self.beat / 2)
        attributes = [delivery.attributes for delivery in deliveries]
        with acknowledging(operation, group.stream, attributes, group.group, group.consumer):
            while True:
                try:
                    await command()
                except BrokerUnavailable as error:
                    log.warning("event.not_acknowledged", count=len(deliveries), reason=str(error))
                    await asyncio.sleep(backoff.next())
                else:
                    return

    async def release(self, delivery: Delivery) -> None:
        """Give an entry back at once, as if it had not been delivered."""
        try:
            await self._park(delivery, RetryLater(0, counted=False))
        except (BrokerUnavailable, GroupMissing) as error:
            log.warning("event.not_released", stream_id=delivery.stream_id, reason=str(error))

    async def _park(self, delivery: Delivery, retry: RetryLater) -> None:
        idle = int((self.visibility_timeout - retry.delay) * 1000)
        attempts = delivery.attempt if retry.counted else delivery.attempt - 1
        await self.group.park(delivery.stream_id, idle, attempts)

    def _end_heartbeat(self, deliveries: Sequence[Delivery]) -> None:
        """It would keep a parked entry from becoming due."""
        self._alive -= {delivery.stream_id for delivery in deliveries}

    def _free_slots(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            del self._running[delivery.stream_id]
            if delivery.poison_candidate:
                self.isolation.release()
        RUNNING.labels(self.group.stream).set(len(self._running))
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
                for stream_id in await self.group.touch(list(self._alive)):
                    if stream_id in self._alive:
                        LEASE_LOST.labels(self.group.stream).inc()
                        log.warning("event.taken_over", stream_id=stream_id)
            except (BrokerUnavailable, GroupMissing) as error:
                log.warning("heartbeat.failed", stream=self.group.stream, reason=str(error))

    async def drain(self, patience: float) -> None:
        """Wait up to `patience` seconds, then cancel the rest, which is released."""
        running = set(self._running.values())
        if not running:
            return
        log.info("consumer.draining", stream=self.group.stream, count=len(running))
        _, late = await asyncio.wait(running, timeout=patience)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
            log.warning("consumer.drain_cut_short", stream=self.group.stream, count=len(late))
