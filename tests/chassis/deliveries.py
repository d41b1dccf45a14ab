"""Deliveries for tests: events, entries whose consumers died, who holds them, who is ready."""

import asyncio
from typing import Any

from sqlalchemy import text

from orders.chassis.messaging.unit_of_work import UnitOfWork

from .pipe import STREAM, Pipe, Probed, leave_effect
from .service import SERVICE


def events(count: int) -> list[Probed]:
    """So many events, each about an aggregate of its own."""
    return [Probed(aggregate_id=str(number)) for number in range(count)]


class Held:
    """A handler that runs until it is told to end, the first time by failing if it is told so."""

    def __init__(self, fails: str = "") -> None:
        self.started, self.release = asyncio.Event(), asyncio.Event()
        self._fails = fails

    async def __call__(self, probed: Probed, uow: UnitOfWork) -> None:
        self.started.set()
        await self.release.wait()
        await leave_effect(probed, uow)
        if self._fails:
            failing, self._fails = self._fails, ""
            await uow.session.execute(text(failing))


async def abandon(pipe: Pipe, times: int, stream: str = STREAM) -> None:
    """Have everything delivered so often to consumers that die."""
    lost = pipe.group("lost", stream)
    await lost.ensure("0")
    await lost.read(100, 100)
    for _ in range(times - 1):
        await lost.claim(0, "-", 100, 100)


async def undecided(pipe: Pipe) -> list[dict[str, Any]]:
    """What is pending, as Redis lists it: the oldest first."""
    found: Any = await pipe.broker.client.xpending_range(pipe.key, SERVICE, "-", "+", 100)
    return list(found)


async def look_abandoned(pipe: Pipe, seconds: float) -> None:
    """Let so much time pass, for Redis, since anybody gave a sign of life."""
    for entry in await undecided(pipe):
        await pipe.broker.client.xclaim(
            pipe.key,
            SERVICE,
            entry["consumer"],
            0,
            [entry["message_id"]],
            idle=int(seconds * 1000),
            justid=True,
        )


async def holds(pipe: Pipe, consumer: str, count: int) -> bool:
    """Whether a consumer has so many pending entries."""
    return (await pipe.pending()).get(consumer, 0) == count


async def says(pipe: Pipe, reason: str) -> bool:
    """Whether something is not ready, for this reason."""
    return reason in str(pipe.health.problems)


async def ready(pipe: Pipe) -> bool:
    """Whether nothing is known to be wrong."""
    return not pipe.health.problems
