"""Told to stop, and killed before all is finished or released."""

import signal

import pytest

from ..pipe import Pipe, alike, handler
from .outcomes import applied_once
from .victims import Victims, killed


@pytest.mark.parametrize("window", ["in-the-drain", "between-two-releases"])
async def test_a_consumer_that_is_killed_while_it_stops_leaves_everything_to_others(
    pipe: Pipe, victims: Victims, window: str
) -> None:
    events = alike(3, "wait")
    await pipe.publish(*events)
    settings = {"BATCH": "3", "DRAIN_TIMEOUT": "0"}
    leaving = await victims.start(window, signal.SIGKILL, "consumer", **settings)
    await leaving.logged("probe.waiting")
    leaving.send(signal.SIGTERM)
    await killed(leaving)

    async with pipe.consuming(handler()):
        await pipe.acknowledged(3)

    await applied_once(pipe, *events)
