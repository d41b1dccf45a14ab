"""Idle consumers: removes from a group those that show no sign of life and hold nothing."""

from collections.abc import Iterable, Mapping
from typing import Any

import structlog

from ..observing.metrics import CONSUMERS_REMOVED
from ..redis import PARKED, Broker, GroupMissing

log = structlog.get_logger()


def idle(consumers: Iterable[Mapping[str, Any]], after: float) -> list[bytes]:
    """The names of those without a sign of life for `after` seconds.

    Redis 7.0 takes only an entry that came for a sign of life, so a consumer that waits for one
    may be among them. It is back with the next entry, and misses none.
    """
    return [
        consumer["name"]
        for consumer in consumers
        if consumer["idle"] >= after * 1000 and consumer["name"] != PARKED.encode()
    ]


async def remove_idle_consumers(
    broker: Broker, stream: str, *, key_prefix: str, group: str, after: float
) -> None:
    """Remove them, each only if it holds nothing in that very moment."""
    key = key_prefix + stream
    try:
        with broker.translated():
            if not await broker.client.exists(key):
                return
            consumers = await broker.client.xinfo_consumers(key, group)
    except GroupMissing:
        return
    for name in idle(consumers, after):
        if await broker.run("leave", key, group, name):
            CONSUMERS_REMOVED.labels(stream).inc()
            consumer = name.decode("utf-8", "backslashreplace")
            log.info("janitor.consumer_removed", stream=stream, consumer=consumer)
