"""The role that publishes committed events, and cleans up after them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import TypedDict

from ..db import Database
from ..http.health import backlog_router, health_app
from ..messaging.events import streams_published
from ..messaging.handlers import streams_read
from ..messaging.observing.health import Health
from ..messaging.observing.sampling import Sampler
from ..messaging.observing.status import to_do
from ..messaging.publishing.batch import Batches
from ..messaging.publishing.lost_writes import LostWrites
from ..messaging.publishing.relay import Relay
from ..messaging.redis import Broker
from ..messaging.upkeep.janitor import Janitor, Retention
from ..service import AnyService
from ..settings import Settings
from .wiring import database, serving


async def run_relay(service: AnyService, settings: Settings, stopping: asyncio.Event) -> None:
    """Relay events until `stopping` is set."""
    service.discover()
    health = Health()
    postgres = database(service, settings, "relay", idle_in_transaction=10)
    engine = postgres.engine(pool_size=3)
    broker = Broker(settings.redis_url.get_secret_value())
    app = health_app(health)
    waiting = partial(to_do, engine, broker, streams_read(), service.name, settings.key_prefix)
    app.include_router(backlog_router(waiting))
    async with (
        broker,
        serving(app, settings, settings.relay_port),
        housekeeping(service, settings, postgres),
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
            await Relay(postgres, batches, lost_writes, health).run(stopping)
        finally:
            await engine.dispose()


class Streams(TypedDict):
    """What this service has to do with streams."""

    key_prefix: str
    group: str
    publishes: set[str]
    reads: set[str]


@asynccontextmanager
async def housekeeping(
    service: AnyService, settings: Settings, database: Database
) -> AsyncIterator[None]:
    """Run the janitor, which cleans up, and the sampler, which measures, for the block."""
    retention = Retention(
        outbox=settings.outbox_retention,
        stream=settings.stream_retention,
        inbox=settings.inbox_retention,
    )
    streams: Streams = {
        "key_prefix": settings.key_prefix,
        "group": service.name,
        "publishes": streams_published(service.name),
        "reads": streams_read(),
    }
    engine = database.engine(pool_size=3)
    async with Broker(settings.redis_url.get_secret_value()) as broker:
        janitor = Janitor(
            engine,
            broker,
            retention,
            visibility_timeout=settings.consumer_visibility_timeout,
            **streams,
        )
        sampler = Sampler(engine, broker, **streams)
        working = [asyncio.create_task(janitor.run()), asyncio.create_task(sampler.run())]
        try:
            yield
        finally:
            for task in working:
                task.cancel()
            await asyncio.wait(working)
            await engine.dispose()
