"""What runs beside every relay: the janitor, which cleans up, and the sampler, which measures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from . import SERVICE
from .db import Database
from .events.base import streams_published
from .handlers.registry import streams_read
from .messaging.broker import Broker
from .messaging.janitor import Janitor, Retention
from .messaging.sampling import Sampler
from .settings import Settings


class Streams(TypedDict):
    """What this service has to do with streams."""

    key_prefix: str
    group: str
    publishes: set[str]
    reads: set[str]


@asynccontextmanager
async def housekeeping(settings: Settings, database: Database) -> AsyncIterator[None]:
    """Both at work for the block, on connections of their own."""
    retention = Retention(
        outbox=settings.outbox_retention,
        stream=settings.stream_retention,
        inbox=settings.inbox_retention,
        stream_at_most=settings.stream_max_age,
    )
    streams: Streams = {
        "key_prefix": settings.key_prefix,
        "group": SERVICE,
        "publishes": streams_published(SERVICE),
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
