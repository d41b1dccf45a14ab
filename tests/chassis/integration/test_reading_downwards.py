"""From the consumer's loop to the owner's function it is a short way, which a person can read."""

import asyncio
import sys
from typing import Any

import pytest

from orders.chassis.messaging.consuming.consumer import Consumer
from orders.chassis.messaging.unit_of_work import UnitOfWork

from ..deliveries import abandon
from ..pipe import Pipe, Probed, handler, numbered

LOOP = Consumer._loop.__qualname__
CHASSIS = Consumer.__module__.partition(".messaging.")[0]
AT_MOST = 8


def called() -> list[str]:
    """The chassis's functions that led to the caller, the innermost first."""
    found, frame = list[str](), sys._getframe(2)
    while frame:
        if frame.f_globals["__name__"].startswith(CHASSIS):
            found.append(frame.f_code.co_qualname)
        frame = frame.f_back  # type: ignore[assignment]
    return found


@pytest.mark.parametrize("deaths", [0, 1], ids=["read", "taken over"])
async def test_from_the_loop_to_the_handler_are_eight_calls(pipe: Pipe, deaths: int) -> None:
    starts: dict[object, list[str]] = {}
    ways: list[list[str]] = []

    def start(loop: asyncio.AbstractEventLoop, coroutine: Any, **how: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, **how)
        starts[task] = called()
        return task

    async def note(_: Probed, __: UnitOfWork) -> None:
        before = starts[asyncio.current_task()]
        ways.append(called() + before[: before.index(LOOP) + 1])

    await pipe.publish(*numbered(1))
    if deaths:
        await abandon(pipe, deaths)
    asyncio.get_running_loop().set_task_factory(start)
    async with pipe.consuming(handler(note)):
        await pipe.acknowledged(1)

    (way,) = ways
    assert (way[0], way[-1]) == ("Handler.run", LOOP)
    assert len(way) <= AT_MOST, " <- ".join(way)
