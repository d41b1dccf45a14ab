"""The role that handles events, and replays dead letters."""

import asyncio
import os
import secrets
import socket

import structlog

from ..http.health import health_app
from ..messaging.consuming.consumer import Consumer
from ..messaging.consuming.dispatch import Dispatcher
from ..messaging.consuming.group import Group
from ..messaging.consuming.in_flight import InFlight
from ..messaging.consuming.poison_isolation import PoisonIsolation
from ..messaging.consuming.replay import Replays
from ..messaging.consuming.retry_policy import RetryPolicy
from ..messaging.handlers import registered_handlers, streams_read
from ..messaging.observing.health import Health
from ..messaging.redis import Broker
from ..messaging.unit_of_work import UnitsOfWork
from ..service import AnyService
from ..settings import Settings
from .wiring import database, serving, units_of_work

LONGEST_IDLE = 30.0
"""Seconds that a handler may leave its transaction idle beyond its own timeout."""

log = structlog.get_logger()


async def run_consumer(service: AnyService, settings: Settings, stopping: asyncio.Event) -> None:
    """Consume every stream that a handler listens to, until `stopping` is set."""
    service.discover()
    by_type = registered_handlers()
    all_handlers = [handler for of_type in by_type.values() for handler in of_type]
    streams = sorted(streams_read())
    longest = max((handler.timeout for handler in all_handlers), default=0) + LONGEST_IDLE
    postgres = database(service, settings, "consumer", idle_in_transaction=longest)
    url, health, isolation = settings.redis_url.get_secret_value(), Health(), PoisonIsolation()
    name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
    if not streams:
        log.warning("consumer.without_handlers")

    async with (
        Broker(url) as broker,
        Broker(url, blocking=1) as reader,
        units_of_work(
            service, settings, postgres, settings.consumer_concurrency * len(streams) + 3
        ) as (
            units,
            notifier,
        ),
        serving(health_app(health), settings, settings.consumer_port),
        asyncio.TaskGroup() as tasks,
    ):
        notifying = tasks.create_task(notifier.run())

        def group_on(stream: str) -> Group:
            return Group(
                broker,
                reader,
                key_prefix=settings.key_prefix,
                stream=stream,
                group=service.name,
                consumer=name,
            )

        replays = Replays(units, group_on, by_type, health)
        replaying = tasks.create_task(replays.run(stopping))
        loops = []
        for stream in streams:
            consumer = _consumer(settings, units, group_on(stream), health, isolation)
            loops.append(tasks.create_task(consumer.run(stopping)))
        await stopping.wait()
        # A replay gets as long as the handlers do; one that is cut short is begun again elsewhere.
        await asyncio.wait([replaying], timeout=settings.drain_timeout)
        replaying.cancel()
        await asyncio.wait([replaying, *loops])
        notifying.cancel()


def _consumer(
    settings: Settings,
    units: UnitsOfWork,
    group: Group,
    health: Health,
    isolation: PoisonIsolation,
) -> Consumer:
    visibility_timeout = settings.consumer_visibility_timeout
    policy = RetryPolicy(settings.consumer_max_attempts, visibility_timeout)
    in_flight = InFlight(
        group,
        Dispatcher(units, group, registered_handlers(), policy),
        isolation,
        concurrency=settings.consumer_concurrency,
        visibility_timeout=visibility_timeout,
    )
    return Consumer(
        in_flight,
        health,
        start="$" if settings.consumer_start == "now" else "0",
        drain_timeout=settings.drain_timeout,
    )
