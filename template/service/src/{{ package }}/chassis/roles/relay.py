"""The role that publishes committed events, and cleans up after them."""

import asyncio
from functools import partial

from ..http.backlog import backlog_router
from ..http.health import health_app
from ..http.serving import http
from ..messaging.handlers import streams_read
from ..messaging.observing.health import Health
from ..messaging.observing.status import to_do
from ..messaging.publishing.batch import Batches
from ..messaging.publishing.lost_writes import LostWrites
from ..messaging.publishing.relay import Relay
from ..messaging.redis import Broker
from ..service import AnyService
from ..settings import Settings
from .housekeeping import housekeeping
from .wiring import database


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
        http(
            app,
            settings.bind_host,
            settings.relay_port,
            settings.drain_timeout,
            settings.request_max_bytes,
        ),
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
