"""The role that publishes committed events, and cleans up after them."""

import asyncio
from functools import partial

from .. import SERVICE
from ..api.backlog import backlog_router
from ..api.health import health_app
from ..handlers.registry import streams_read
from ..housekeeping import housekeeping
from ..messaging.batch import Batches
from ..messaging.broker import Broker
from ..messaging.health import Health
from ..messaging.lost_writes import LostWrites
from ..messaging.relay import Relay
from ..messaging.status import to_do
from ..serving import http
from ..settings import Settings
from ..wiring import database, discover


async def run_relay(settings: Settings, stopping: asyncio.Event) -> None:
    """Relay events until `stopping` is set."""
    discover()
    health = Health()
    postgres = database(settings, "relay", idle_in_transaction=10)
    engine = postgres.engine(pool_size=3)
    broker = Broker(settings.redis_url.get_secret_value())
    app = health_app(health)
    waiting = partial(to_do, engine, broker, streams_read(), SERVICE, settings.key_prefix)
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
        housekeeping(settings, postgres),
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
