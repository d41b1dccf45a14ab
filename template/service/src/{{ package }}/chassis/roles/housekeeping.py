"""What runs beside every relay: the janitor, which cleans up, and the sampler, which measures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from ..db import Database
from ..messaging.events import streams_published
from ..messaging.handlers import streams_read
from ..messaging.observing.sampling import Sampler
from ..messaging.redis import Broker
from ..messaging.upkeep.janitor import Janitor, Retention
from ..service import AnyService
from ..settings import Settings


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
    """Both at work for the block, on connections of their own."""
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
