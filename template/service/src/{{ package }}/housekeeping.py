"""The composition root of the janitor: what this service has to keep clean, and for how long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from . import SERVICE
from .db import Database
from .events.base import registered_events
from .handlers.registry import streams_read
from .messaging.broker import Broker
from .messaging.janitor import Janitor, Retention
from .settings import Settings


@asynccontextmanager
async def cleaning(settings: Settings, database: Database) -> AsyncIterator[None]:
    """A janitor at work for the block, on connections of its own."""
    retention = Retention(
        outbox=settings.outbox_retention,
        stream=settings.stream_retention,
        inbox=settings.inbox_retention,
        stream_at_most=settings.stream_max_age,
    )
    declared = [event.event_type for event in registered_events().values()]
    engine = database.engine(pool_size=2)
    async with Broker(settings.redis_url.get_secret_value()) as broker:
        janitor = Janitor(
            engine,
            broker,
            retention,
            key_prefix=settings.key_prefix,
            group=SERVICE,
            publishes={event.stream for event in declared if event.publisher == SERVICE},
            reads=streams_read(),
            visibility_timeout=settings.consumer_visibility_timeout,
        )
        working = asyncio.create_task(janitor.run())
        try:
            yield
        finally:
            working.cancel()
            await asyncio.wait([working])
            await engine.dispose()
