"""The pipe put together for tests: an event, handlers that leave effects, and short times."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

from redis.exceptions import ResponseError
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from orders.chassis.db import Database
from orders.chassis.messaging.consuming.consumer import Consumer
from orders.chassis.messaging.consuming.dispatch import Dispatcher
from orders.chassis.messaging.consuming.group import Group
from orders.chassis.messaging.consuming.in_flight import InFlight
from orders.chassis.messaging.consuming.poison_isolation import PoisonIsolation
from orders.chassis.messaging.consuming.replay import Replays
from orders.chassis.messaging.consuming.retry_policy import Permanent, RetryPolicy
from orders.chassis.messaging.events import DomainEvent
from orders.chassis.messaging.handlers import Handler
from orders.chassis.messaging.observing.health import Health
from orders.chassis.messaging.outbox import Outbox
from orders.chassis.messaging.publishing.batch import Batches
from orders.chassis.messaging.redis import Broker, Delivery
from orders.chassis.messaging.unit_of_work import UnitOfWork, UnitsOfWork

from .service import SERVICE
from .service.events.probed import STREAM, Probed
from .service.handlers.probed import leave_effect

__all__ = ["STREAM", "Probed", "leave_effect"]

VISIBILITY = 0.4
"""Seconds: short, so that retries and recoveries need no patience."""


def numbered(count: int) -> list[Probed]:
    """So many events about one aggregate."""
    return [Probed(aggregate_id="a", text=str(number)) for number in range(count)]


def alike(count: int, text: str = "") -> list[Probed]:
    """So many events that say the same."""
    return [Probed(aggregate_id="a", text=text) for _ in range(count)]


async def refuse(_: Probed, __: UnitOfWork) -> None:
    """A handler that takes nothing."""
    raise Permanent("closed")


def handler(
    function: Callable[..., Awaitable[None]] = leave_effect,
    name: str = "probed",
    event: type[DomainEvent] = Probed,
    **options: Any,
) -> Handler:
    """A handler that no registry knows."""
    return Handler(name, event, function, **({"max_attempts": None, "timeout": 5} | options))


class Pipe:
    """One service's pipe on a database and a key prefix of the test's own, for one event."""

    def __init__(
        self,
        database: Database,
        engine: AsyncEngine,
        broker: Broker,
        prefix: str,
        event: type[DomainEvent] = Probed,
    ) -> None:
        self.database = database
        self.engine = engine
        self.broker = broker
        self.on_line: Broker | None = None
        self.prefix = prefix
        self.type = event.event_type
        self.key = prefix + self.type.stream
        self.notifications = 0
        self.health = Health()
        self.outbox = Outbox(SERVICE, 4096, self._count)
        self.units = UnitsOfWork(engine, self.outbox)

    @property
    def roles_broker(self) -> Broker:
        """How relays and consumers reach Redis: as the test does, unless it has a line for them."""
        return self.on_line or self.broker

    def _count(self) -> None:
        self.notifications += 1

    async def emit(self, *events: DomainEvent) -> None:
        """Commit events to the outbox, in one transaction each."""
        units = UnitsOfWork(self.engine, self.outbox)
        for emitted in events:
            async with units.open() as uow:
                uow.emit(emitted)

    def batches(self, size: int = 100, broker: Broker | None = None) -> Batches:
        """What publishes the outbox."""
        broker = broker or self.roles_broker
        return Batches(self.engine, broker, key_prefix=self.prefix, size=size)

    async def publish(self, *events: DomainEvent) -> None:
        """Commit events, and relay them."""
        await self.emit(*events)
        while (await self.batches().publish_next()).more:
            pass

    async def deliver(self, event: DomainEvent, *, data: str | None = None) -> None:
        """Write an event to the stream as its publisher would, be that another service; with
        `data` in the place of its payload."""
        row = Outbox(event.event_type.publisher, 2**20, self._count).row(event)
        await self.add(**row.attributes, data=row.data if data is None else data)

    def group(self, consumer: str = "c1", stream: str | None = None) -> Group:
        """The service's group on the event's stream, or another one, as seen by one consumer."""
        return Group(
            self.roles_broker,
            self.roles_broker,
            key_prefix=self.prefix,
            stream=stream or self.type.stream,
            group=SERVICE,
            consumer=consumer,
        )

    def dispatcher(
        self,
        *handlers: Handler,
        group: Group | None = None,
        max_attempts: int = 3,
        visibility: float = VISIBILITY,
    ) -> Dispatcher:
        """What runs the handlers."""
        by_type: dict[str, list[Handler]] = defaultdict(list)
        for one in handlers:
            by_type[str(one.event.event_type)].append(one)
        policy = RetryPolicy(max_attempts, visibility)
        return Dispatcher(self.units, group or self.group(), by_type, policy)

    @asynccontextmanager
    async def consuming(
        self,
        *handlers: Handler,
        name: str = "c1",
        concurrency: int = 10,
        drain: float = 5,
        isolation: PoisonIsolation | None = None,
        max_attempts: int = 3,
        start: str = "0",
        visibility: float = VISIBILITY,
        stopping: asyncio.Event | None = None,
    ) -> AsyncIterator[Consumer]:
        """A consumer that runs as long as the block, and then drains."""
        group = self.group(name)
        dispatcher = self.dispatcher(
            *handlers, group=group, max_attempts=max_attempts, visibility=visibility
        )
        in_flight = InFlight(
            group,
            dispatcher,
            isolation or PoisonIsolation(),
            concurrency=concurrency,
            visibility_timeout=visibility,
        )
        consumer = Consumer(in_flight, self.health, start=start, drain_timeout=drain)
        stopping = stopping or asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(consumer.run(stopping))
            try:
                yield consumer
            finally:
                stopping.set()

    def replays(self, *handlers: Handler) -> Replays:
        """What replays dead letters."""
        by_type: dict[str, Sequence[Handler]] = {str(self.type): handlers}
        return Replays(self.units, partial(self.group, "c1"), by_type, self.health)

    async def add(self, **fields: str | bytes) -> str:
        """Write an entry to the stream by hand."""
        entry: dict[Any, Any] = dict(fields)
        stream_id: Any = await self.broker.client.xadd(self.key, entry)
        return str(stream_id.decode())

    async def entries(self) -> list[Delivery]:
        """All that is in the stream."""
        found: Any = await self.broker.client.xrange(self.key)
        return [Delivery(stream_id.decode(), fields, 1) for stream_id, fields in found]

    async def pending(self) -> dict[str, int]:
        """How many entries each consumer of the group holds."""
        try:
            found: Any = await self.broker.client.xpending(self.key, SERVICE)
        except ResponseError:  # the group is not there yet
            return {}
        return {holder["name"].decode(): holder["pending"] for holder in found["consumers"] or ()}

    async def rows(self, statement: str, **values: object) -> Sequence[Row[Any]]:
        """What a query answers."""
        async with self.engine.begin() as connection:
            result = await connection.execute(text(statement), values)
            return result.all() if result.returns_rows else []

    async def effects(self) -> list[UUID]:
        """The events that left an effect, one item for each effect."""
        return [row.event_id for row in await self.rows("SELECT event_id FROM effects")]

    async def dead(self) -> Sequence[Row[Any]]:
        """The dead letters."""
        return await self.rows("SELECT * FROM dead_letters ORDER BY id")

    async def acknowledged(self, events: int = 0) -> None:
        """Wait until so many entries have been read, and none of them is pending."""

        async def done() -> bool:
            try:
                groups: Any = await self.broker.client.xinfo_groups(self.key)
            except ResponseError:  # the stream is not there yet
                return False
            read = [group for group in groups if group["name"].decode() == SERVICE]
            if not read or read[0]["pending"] or await self.broker.client.xlen(self.key) < events:
                return False
            after = b"(" + read[0]["last-delivered-id"]
            return not await self.broker.client.xrange(self.key, min=after, count=1)

        await eventually(done)


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    """Ask again and again, for what no event tells; fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


def jittered(seconds: Sequence[float], ceilings: Sequence[float]) -> bool:
    """Whether each wait is between a half and the whole of its ceiling."""
    pairs = zip(seconds, ceilings, strict=True)
    return all(most / 2 <= wait <= most for wait, most in pairs)
