"""Killed between a commit and its stream: what was committed goes out, in order."""

import signal

import httpx
import pytest

from orders.chassis.messaging.publishing.pending_batch import PARTS

from ..pipe import Pipe, handler, numbered
from ..service import SERVICE
from .outcomes import applied_once, end_sessions, published, relayed
from .victims import Victims, killed, wake


@pytest.mark.parametrize(("window", "there"), [("before-the-commit", 0), ("after-the-commit", 1)])
async def test_a_writer_that_is_killed_leaves_a_change_and_its_event_or_neither(
    pipe: Pipe, victims: Victims, window: str, there: int
) -> None:
    api = await victims.start(window, signal.SIGKILL, "api")
    async with httpx.AsyncClient(base_url=await api.address()) as client:
        with pytest.raises(httpx.TransportError):
            await client.post("/probes")
    await killed(api)

    await relayed(pipe)

    assert there == len(await pipe.effects())
    assert there == len(await pipe.entries())


@pytest.mark.parametrize(("window", "times"), [("before-publishing", 1), ("after-publishing", 2)])
async def test_a_relay_that_is_killed_loses_nothing_and_keeps_the_order(
    pipe: Pipe, victims: Victims, window: str, times: int
) -> None:
    """Of two streams one is published when it dies behind the first XADD."""
    events = numbered(3)
    await pipe.emit(*events)
    async with pipe.units.open() as uow:
        uow.announce("other", "eventsmith.Probe.v1", "a", "{}")

    await victims.kill_at(window, "relay")
    await relayed(pipe)

    assert ["0", "1", "2"] * times == await published(pipe)
    assert await pipe.broker.client.xlen(pipe.prefix + "other") == 1
    async with pipe.consuming(handler()):
        await pipe.acknowledged(3 * times)
    await applied_once(pipe, *events)


async def test_a_relay_that_is_killed_between_two_parts_repeats_only_what_went_out(
    pipe: Pipe, victims: Victims
) -> None:
    events = numbered(5)
    await pipe.emit(*events)

    parts_of_two = {"RELAY_BATCH_SIZE": str(2 * PARTS)}
    await victims.kill_at("between-two-parts-of-a-batch", "relay", **parts_of_two)
    await relayed(pipe)

    assert ["0", "1", "0", "1", "2", "3", "4"] == await published(pipe)
    async with pipe.consuming(handler()):
        await pipe.acknowledged(7)
    await applied_once(pipe, *events)


@pytest.mark.parametrize(
    ("window", "repeated"), [("after-reading-a-batch", 0), ("before-publishing", 3)]
)
async def test_a_relay_that_wakes_with_an_old_batch_repeats_it_at_worst(
    pipe: Pipe, victims: Victims, window: str, repeated: int
) -> None:
    """Another relay has gone on. What it adds comes behind, so order holds; its commit fails."""
    events = numbered(6)
    await pipe.emit(*events[:3])
    frozen = await victims.freeze_at(window, "relay")
    await end_sessions(pipe, f"{SERVICE}-relay")
    await pipe.emit(*events[3:])
    await relayed(pipe)

    await wake(frozen)

    order = [str(number) for number in range(6)]
    assert order + order[:repeated] == await published(pipe)
    async with pipe.consuming(handler()):
        await pipe.acknowledged(6 + repeated)
    await applied_once(pipe, *events)
