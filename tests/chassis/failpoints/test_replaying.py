"""Killed or frozen while a dead letter is replayed or discarded."""

from datetime import timedelta

import pytest

from orders.chassis.messaging.dead_letters import marked

from ..letters import die, mark, states
from ..pipe import Pipe, alike, handler
from .victims import Victims, wake


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin a replay again at once."""
    monkeypatch.setattr(marked, "PAUSE", timedelta(0))


@pytest.mark.parametrize("window", ["in-the-handler", "before-the-commit-of-a-replay"])
async def test_a_replay_whose_consumer_is_killed_is_begun_again_and_has_one_effect(
    pipe: Pipe, victims: Victims, window: str
) -> None:
    (event,) = alike(1)
    await mark(pipe, await die(pipe, event))
    await victims.kill_at(window, "consumer")
    assert {"replay": 1} == await states(pipe)

    assert await pipe.replays(handler()).replay_next()

    assert {"replayed": 1} == await states(pipe)
    assert [event.event_id] == await pipe.effects()


async def test_a_consumer_that_wakes_before_its_replay_leaves_it_to_who_did_it(
    pipe: Pipe, victims: Victims
) -> None:
    (event,) = alike(1)
    await mark(pipe, await die(pipe, event))
    frozen = await victims.freeze_at("before-replaying", "consumer")
    assert await pipe.replays(handler()).replay_next()

    await wake(frozen)

    assert {"replayed": 1} == await states(pipe)
    assert [event.event_id] == await pipe.effects()


async def test_a_consumer_that_wakes_after_a_failed_replay_does_not_open_what_is_closed(
    pipe: Pipe, victims: Victims
) -> None:
    (event,) = alike(1, "fail")
    await mark(pipe, await die(pipe, event))
    frozen = await victims.freeze_at("before-opening-a-dead-letter-again", "consumer")
    assert await pipe.replays(handler()).replay_next()

    await wake(frozen)

    assert {"replayed": 1} == await states(pipe)
    assert [event.event_id] == await pipe.effects()


async def test_a_discard_that_is_killed_has_decided_nothing(pipe: Pipe, victims: Victims) -> None:
    """The letter and the inbox say the same: it can still be replayed."""
    (event,) = alike(1)
    letters = await die(pipe, event)
    await victims.kill_at("in-a-discard", "dead-letters", "discard", str(letters[0]), "--yes")

    assert letters == await mark(pipe, letters)
    assert await pipe.replays(handler()).replay_next()

    assert [event.event_id] == await pipe.effects()
