"""The composition roots: how api, relay and consumer are put together from the settings."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from . import SERVICE, events, handlers
from .api.app import create_app
from .api.health import health_app
from .db import Database
from .discovery import import_modules
from .handlers.registry import registered_handlers
from .housekeeping import cleaning
from .messaging.batch import Batches
from .messaging.broker import Broker
from .messaging.consumer import Consumer
from .messaging.handling import Handling
from .messaging.health import Health
from .messaging.in_flight import InFlight, SuspectGate
from .messaging.lost_writes import LostWrites
from .messaging.outbox import Outbox
from .messaging.poke import Poker
from .messaging.relay import Relay
from .messaging.replay import Replays
from .messaging.stream import Group
from .serving import http
from .settings import Settings
from .uow import UnitsOfWork

log = structlog.get_logger()

LONGEST_IDLE = 30.0
"""Seconds that a handler may leave its transaction idle beyond its own timeout."""


def discover() -> None:
    """Import every event and handler, so that the registries know them."""
    import_modules(events)
    import_modules(handlers)


@asynccontextmanager
async def units_of_work(
    settings: Settings, database: Database, pool_size: int
) -> AsyncIterator[tuple[UnitsOfWork, Poker]]:
    """Units of work on a pool of connections, and the poker that a role has to run."""
    poker = Poker(database)
    engine = database.engine(pool_size)
    try:
        yield UnitsOfWork(engine, Outbox(SERVICE, settings.event_max_bytes, poker.poke)), poker
    finally:
        await engine.dispose()


def database(settings: Settings, role: str, idle_in_transaction: float = 30) -> Database:
    """The service's database, as `role` sees it."""
    url = settings.database_url.get_secret_value()
    return Database(url, role=f"{SERVICE}-{role}", idle_in_transaction=idle_in_transaction)


async def run_api(settings: Settings, stopping: asyncio.Event) -> None:
    """Serve the API until `stopping` is set."""
    discover()
    postgres = database(settings, "api")
    async with units_of_work(settings, postgres, settings.database_pool_size) as (units, poker):
        app = create_app(SERVICE, units, poker)
        async with http(app, settings.bind_host, settings.api_port, settings.drain_timeout):
            await stopping.wait()


async def run_relay(settings: Settings, stopping: asyncio.Event) -> None:
    """Relay events until `stopping` is set."""
    discover()
    health = Health()
    postgres = database(settings, "relay", idle_in_transaction=10)
    engine = postgres.engine(pool_size=2)
    async with (
        Broker(settings.redis_url.get_secret_value()) as broker,
        http(health_app(health), settings.bind_host, settings.relay_port, settings.drain_timeout),
        cleaning(settings, postgres),
    ):
        batches = Batches(
            engine, broker, key_prefix=settings.key_prefix, size=settings.relay_batch_size
        )
        lost_writes = LostWrites(
            engine,
            broker,
            health,
            key_prefix=settings.key_prefix,
            repair=settings.outbox_auto_repair,
        )
        try:
            await Relay(postgres, engine, batches, lost_writes, health).run(stopping)
        finally:
            await engine.dispose()


async def run_consumer(settings: Settings, stopping: asyncio.Event) -> None:
    """Consume every stream that a handler listens to, until `stopping` is set."""
    discover()
    by_type = registered_handlers()
    all_handlers = [handler for of_type in by_type.values() for handler in of_type]
    streams = sorted({handler.event.event_type.stream for handler in all_handlers})
    longest = max((handler.timeout for handler in all_handlers), default=0) + LONGEST_IDLE
    postgres = database(settings, "consumer", idle_in_transaction=longest)
    url, health, suspects = settings.redis_url.get_secret_value(), Health(), SuspectGate()
    name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
    if not streams:
        log.warning("consumer.without_handlers")

    async with (
        Broker(url) as broker,
        Broker(url, blocking=1) as reader,
        units_of_work(settings, postgres, settings.consumer_concurrency * len(streams) + 3) as (
            units,
            poker,
        ),
        http(
            health_app(health), settings.bind_host, settings.consumer_port, settings.drain_timeout
        ),
        asyncio.TaskGroup() as tasks,
    ):
        poking = tasks.create_task(poker.run())
        loops = [tasks.create_task(Replays(units, by_type).run(stopping))]
        for stream in streams:
            group = Group(
                broker,
                reader,
                key_prefix=settings.key_prefix,
                stream=stream,
                group=SERVICE,
                consumer=name,
            )
            consumer = _consumer(settings, units, group, health, suspects)
            loops.append(tasks.create_task(consumer.run(stopping)))
        await stopping.wait()
        await asyncio.wait(loops)
        poking.cancel()


def _consumer(
    settings: Settings, units: UnitsOfWork, group: Group, health: Health, suspects: SuspectGate
) -> Consumer:
    visibility_timeout = settings.consumer_visibility_timeout
    handling = Handling(
        units,
        group,
        registered_handlers(),
        max_attempts=settings.consumer_max_attempts,
        visibility_timeout=visibility_timeout,
    )
    in_flight = InFlight(
        group,
        handling,
        suspects,
        concurrency=settings.consumer_concurrency,
        visibility_timeout=visibility_timeout,
    )
    return Consumer(
        group,
        handling,
        in_flight,
        health,
        visibility_timeout=visibility_timeout,
        start="$" if settings.consumer_start == "now" else "0",
        drain_timeout=settings.drain_timeout,
    )
