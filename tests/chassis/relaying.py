"""Publishing for tests: numbered events, what is in the stream, and a relay at work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orders.chassis.messaging.envelope import parse
from orders.chassis.messaging.publishing.batch import Batches
from orders.chassis.messaging.publishing.lost_writes import LostWrites
from orders.chassis.messaging.publishing.relay import Relay

from .pipe import Pipe, Probed


def numbered(count: int, start: int = 0) -> list[Probed]:
    """So many events about one aggregate, each with its number."""
    return [Probed(aggregate_id="a", text=str(number)) for number in range(start, start + count)]


async def said(pipe: Pipe) -> list[object]:
    """What the events in the stream say, in their order."""
    return [parse(entry.fields).payload["text"] for entry in await pipe.entries()]


def watch(pipe: Pipe, *, repair: bool = True) -> LostWrites:
    """What looks for lost writes, on its first connection."""
    return LostWrites(
        pipe.engine, pipe.roles_broker, pipe.health, key_prefix=pipe.prefix, repair=repair
    )


def relay_of(pipe: Pipe, batches: Batches | None = None) -> Relay:
    """A relay, not running."""
    return Relay(pipe.database, batches or pipe.batches(), watch(pipe), pipe.health)


@asynccontextmanager
async def relaying(pipe: Pipe, batches: Batches | None = None) -> AsyncIterator[None]:
    """A relay that runs as long as the block."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(relay_of(pipe, batches).run(stopping))
        try:
            yield
        finally:
            stopping.set()
