"""Killed between a read and an acknowledgement: one effect or one dead letter, never both."""

from uuid import UUID

import pytest

from ..pipe import VISIBILITY, Pipe, alike, handler
from ..service.handlers.probed import obey
from .outcomes import applied_once, dead_once, relayed
from .victims import Victims


@pytest.mark.parametrize("window", ["after-a-read", "in-the-handler", "before-the-acknowledgement"])
async def test_a_consumer_that_is_killed_leaves_one_effect_and_one_event_of_its_handler(
    pipe: Pipe, victims: Victims, window: str
) -> None:
    (event,) = alike(1, "tell")
    await pipe.publish(event)
    await victims.kill_at(window, "consumer")

    async with pipe.consuming(handler(obey)):
        await pipe.acknowledged(1)
        await relayed(pipe)
        await pipe.acknowledged(2)

    told = [UUID(entry.fields[b"ce_id"].decode()) for entry in await pipe.entries()]
    assert [event.event_id, told[-1]] == await pipe.effects()
    assert len(told) == 2


async def test_a_failure_that_was_not_parked_is_tried_again(pipe: Pipe, victims: Victims) -> None:
    (event,) = alike(1, "fail")
    await pipe.publish(event)
    await victims.kill_at("before-parking", "consumer")

    async with pipe.consuming(handler()):
        await pipe.acknowledged(1)

    await applied_once(pipe, event)


async def test_a_last_attempt_that_was_committed_is_not_followed_by_a_dead_letter(
    pipe: Pipe, victims: Victims
) -> None:
    """The fifth one; the entry comes back for the sixth time."""
    (event,) = alike(1)
    await pipe.publish(event)
    failed = pipe.group("failed")
    await failed.ensure("0")
    (delivery,) = await failed.read(1, 100)
    await failed.park(delivery.stream_id, int(VISIBILITY * 1000), 4)
    await victims.kill_at("before-the-acknowledgement", "consumer", CONSUMER_MAX_ATTEMPTS="5")

    async with pipe.consuming(handler(), max_attempts=5):
        await pipe.acknowledged(1)

    await applied_once(pipe, event)


async def test_a_handler_that_had_committed_is_not_run_again_for_one_that_had_not(
    pipe: Pipe, victims: Victims
) -> None:
    (event,) = alike(1)
    await pipe.publish(event)
    await victims.kill_at("between-two-handlers", "consumer", HANDLERS="one,two")
    assert [event.event_id] == await pipe.effects()

    async with pipe.consuming(handler(name="one"), handler(name="two")):
        await pipe.acknowledged(1)

    await applied_once(pipe, event, event)


@pytest.mark.parametrize("window", ["in-the-handler", "before-the-acknowledgement"])
async def test_a_batch_that_is_killed_leaves_all_of_its_effects_or_none(
    pipe: Pipe, victims: Victims, window: str
) -> None:
    events = alike(5)
    await pipe.publish(*events)
    await victims.kill_at(window, "consumer", BATCH="5")
    assert len(await pipe.effects()) == (0 if window == "in-the-handler" else 5)

    async with pipe.consuming(handler()):
        await pipe.acknowledged(5)

    await applied_once(pipe, *events)


async def test_a_dead_letter_that_was_not_committed_is_written_once(
    pipe: Pipe, victims: Victims
) -> None:
    (event,) = alike(1, "fail")
    await pipe.publish(event)
    await victims.kill_at(
        "before-the-commit-of-a-dead-letter", "consumer", CONSUMER_MAX_ATTEMPTS="1"
    )
    assert [] == await pipe.dead()

    async with pipe.consuming(handler(), max_attempts=1):
        await pipe.acknowledged(1)

    await dead_once(pipe, event)


async def test_a_dead_letter_that_was_committed_decides_though_its_event_comes_again(
    pipe: Pipe, victims: Victims
) -> None:
    """It would be handled now: it was not acknowledged, and has attempts left."""
    (event,) = alike(1, "fail")
    await pipe.publish(event)
    await victims.kill_at("before-the-acknowledgement", "consumer", CONSUMER_MAX_ATTEMPTS="1")

    async with pipe.consuming(handler(), max_attempts=5):
        await pipe.acknowledged(1)

    await dead_once(pipe, event)


async def test_an_event_that_kills_its_consumers_condemns_none_of_its_neighbours(
    pipe: Pipe, victims: Victims
) -> None:
    (killer,), neighbours = alike(1, "killer"), alike(5, "wait")
    await pipe.publish(killer, *neighbours)
    for _ in range(3):
        await victims.kill_at("in-the-handler-of-a-killer", "consumer")

    async with pipe.consuming(handler(), max_attempts=3):
        await pipe.acknowledged(6)

    assert [(killer.event_id, "crashed")] == [(d.event_id, d.reason) for d in await pipe.dead()]
    assert sorted(event.event_id for event in neighbours) == sorted(await pipe.effects())
