"""Frozen until another consumer has taken over, then woken: it finds that all is decided."""

import pytest

from orders.chassis.messaging.redis import PARKED

from ..pipe import VISIBILITY, Pipe, alike, eventually, handler, refuse
from ..service import SERVICE
from .outcomes import applied_once, dead_once, end_sessions
from .victims import Victims, wake


@pytest.mark.parametrize("window", ["before-the-inbox-row", "before-the-acknowledgement"])
async def test_a_consumer_that_wakes_applies_nothing_again(
    pipe: Pipe, victims: Victims, window: str
) -> None:
    (event,) = alike(1)
    await pipe.publish(event)
    frozen = await victims.freeze_at(window, "consumer")
    async with pipe.consuming(handler()):
        await pipe.acknowledged(1)

    await wake(frozen)

    await applied_once(pipe, event)


async def test_a_consumer_that_wakes_before_its_handler_does_not_apply_what_is_dead(
    pipe: Pipe, victims: Victims
) -> None:
    (event,) = alike(1)
    await pipe.publish(event)
    frozen = await victims.freeze_at("before-the-inbox-row", "consumer")
    async with pipe.consuming(handler(refuse)):
        await pipe.acknowledged(1)

    await wake(frozen)

    await dead_once(pipe, event)


@pytest.mark.parametrize("max_attempts", [1, 3])
async def test_a_consumer_that_wakes_in_its_handler_still_decides(
    pipe: Pipe, victims: Victims, max_attempts: int
) -> None:
    """Nobody could decide in its place: its row of the inbox was there, not committed."""
    (event,) = alike(1)
    await pipe.publish(event)
    frozen = await victims.freeze_at("in-the-handler", "consumer")
    async with pipe.consuming(handler(refuse), max_attempts=max_attempts):
        await eventually(lambda: parked(pipe))
        await wake(frozen)
        await pipe.acknowledged(1)

    await applied_once(pipe, event)


async def test_a_consumer_that_wakes_in_its_handler_without_its_session_leaves_no_effect(
    pipe: Pipe, victims: Victims
) -> None:
    (event,) = alike(1)
    await pipe.publish(event)
    frozen = await victims.freeze_at("in-the-handler", "consumer")
    await end_sessions(pipe, f"{SERVICE}-consumer")
    async with pipe.consuming(handler()):
        await pipe.acknowledged(1)

    await wake(frozen)

    await applied_once(pipe, event)


async def test_a_consumer_that_wakes_after_a_failure_does_not_park_what_is_another_ones(
    pipe: Pipe, victims: Victims
) -> None:
    (event,) = alike(1, "fail")
    await pipe.publish(event)
    frozen = await victims.freeze_at("before-parking", "consumer")

    async def taken_over() -> bool:
        page = await pipe.group("owner").claim(int(VISIBILITY * 1000), "-", 1, 1)
        return bool(page.deliveries)

    await eventually(taken_over)
    await wake(frozen)

    assert {"owner": 1} == await pipe.pending()
    async with pipe.consuming(handler()):
        await pipe.acknowledged(1)
    await applied_once(pipe, event)


@pytest.mark.parametrize("max_attempts", [1, 3])
async def test_a_consumer_that_wakes_to_give_up_does_so_only_where_nobody_decided(
    pipe: Pipe, victims: Victims, max_attempts: int
) -> None:
    """Another consumer has given the event up as well, or has applied it."""
    (event,) = alike(1, "fail")
    await pipe.publish(event)
    frozen = await victims.freeze_at("before-giving-up", "consumer", CONSUMER_MAX_ATTEMPTS="1")
    async with pipe.consuming(handler(), max_attempts=max_attempts):
        await pipe.acknowledged(1)

    await wake(frozen)

    await (dead_once if max_attempts == 1 else applied_once)(pipe, event)


async def parked(pipe: Pipe) -> bool:
    return await pipe.pending() == {PARKED: 1}
