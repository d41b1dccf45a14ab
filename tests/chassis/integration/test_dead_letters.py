"""Dead letters: replayed once, by the handler that died, or discarded for good."""

import asyncio
from datetime import timedelta

import pytest

from orders.chassis.messaging.dead_letters import decisions, marked
from orders.chassis.messaging.dead_letters.selection import Selection
from orders.chassis.messaging.unit_of_work import UnitOfWork

from ..letters import die, mark
from ..pipe import STREAM, Pipe, Probed, handler, leave_effect, refuse


async def discard(pipe: Pipe, letters: list[int]) -> list[int]:
    """What `dead-letters discard` does."""
    batches = decisions.discard(pipe.engine, Selection(tuple(letters)))
    return [discarded async for batch in batches for discarded in batch]


async def test_a_replayed_event_is_handled_once(pipe: Pipe) -> None:
    event = Probed(aggregate_id="a")
    letters = await die(pipe, event)

    assert letters == await mark(pipe, letters)
    assert await pipe.replays(handler()).replay_next()
    assert not await pipe.replays(handler()).replay_next()

    assert [event.event_id] == await pipe.effects()
    assert ["replayed"] == [letter.state for letter in await pipe.dead()]
    assert [] == await mark(pipe, letters)


async def test_nothing_is_added_to_the_stream_by_a_replay(pipe: Pipe) -> None:
    await mark(pipe, await die(pipe, Probed(aggregate_id="a")))

    await pipe.replays(handler()).replay_next()

    assert len(await pipe.entries()) == 1


async def test_only_the_handler_that_died_runs(pipe: Pipe) -> None:
    event = Probed(aggregate_id="a")
    await pipe.publish(event)
    both = (handler(name="lives"), handler(refuse, name="dies"))
    async with pipe.consuming(*both):
        await pipe.acknowledged(1)
    await mark(pipe, [letter.id for letter in await pipe.dead()])

    await pipe.replays(handler(name="lives"), handler(name="dies")).replay_next()

    assert [event.event_id] * 2 == await pipe.effects()


async def test_a_replay_that_fails_opens_the_dead_letter_again(pipe: Pipe) -> None:
    async def still(probed: Probed, uow: UnitOfWork) -> None:
        await leave_effect(probed, uow)
        raise ValueError("still broken")

    await mark(pipe, await die(pipe, Probed(aggregate_id="a")))

    await pipe.replays(handler(still)).replay_next()

    (letter,) = await pipe.dead()
    assert ("open", 1, "ValueError: still broken") == (letter.state, letter.replays, letter.error)
    assert not await pipe.effects()


async def test_a_replay_that_kills_its_consumer_is_not_begun_for_ever(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marked, "PAUSE", timedelta(0))
    await mark(pipe, await die(pipe, Probed(aggregate_id="a")))
    replays = pipe.replays(handler())
    for _ in range(5):
        await marked.begin(pipe.units, ["probed"])  # and never end

    await replays.replay_next()

    (letter,) = await pipe.dead()
    assert ("open", "crashed") == (letter.state, letter.reason)
    assert not await pipe.effects()


async def test_a_copy_of_a_dead_event_is_not_applied(pipe: Pipe) -> None:
    event = Probed(aggregate_id="a")
    await die(pipe, event)
    await pipe.publish(event)

    async with pipe.consuming(handler()):
        await pipe.acknowledged(2)

    assert not await pipe.effects()
    assert len(await pipe.dead()) == 1


async def test_a_discarded_event_is_never_applied(pipe: Pipe) -> None:
    event = Probed(aggregate_id="a")
    letters = await die(pipe, event)
    assert letters == await discard(pipe, letters)
    assert [] == await mark(pipe, letters)
    await pipe.publish(event)

    async with pipe.consuming(handler()):
        await pipe.acknowledged(2)

    assert not await pipe.effects()


async def test_an_event_that_no_handler_took_can_be_replayed_by_all_of_them(pipe: Pipe) -> None:
    """It died because the code that handles it came too late."""
    event = Probed(aggregate_id="a")
    await pipe.publish(event)
    await pipe.rows("INSERT INTO handled_types VALUES (:type)", type=str(event.event_type))
    (entry,) = await pipe.entries()
    await pipe.broker.client.delete(pipe.key)
    await pipe.broker.client.xadd(pipe.key, dict(entry.fields), id="1-1")  # type: ignore[arg-type]
    async with pipe.consuming():
        await pipe.acknowledged(1)
    await mark(pipe, [letter.id for letter in await pipe.dead()])

    await pipe.replays(handler(name="one"), handler(name="two")).replay_next()

    assert [event.event_id] * 2 == await pipe.effects()
    assert ["replayed"] == [letter.state for letter in await pipe.dead()]


async def test_what_was_no_event_is_still_none_when_it_is_replayed(pipe: Pipe) -> None:
    await pipe.add(data=b"\xff")
    async with pipe.consuming(handler()):
        await pipe.acknowledged(1)
    await mark(pipe, [letter.id for letter in await pipe.dead()])

    await pipe.replays(handler()).replay_next()

    (letter,) = await pipe.dead()
    assert (STREAM, "open", "undecodable", 1) == (
        letter.stream,
        letter.state,
        letter.reason,
        letter.replays,
    )


async def test_consumers_that_replay_at_once_lose_nothing(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter is closed only when its handler has decided, whoever had it in hand."""
    monkeypatch.setattr(marked, "PAUSE", timedelta(0))

    async def still(_: Probed, __: UnitOfWork) -> None:
        raise ValueError("still broken")

    await mark(pipe, await die(pipe, *(Probed(aggregate_id=str(n)) for n in range(30))))

    async def replay_all() -> None:
        replays = pipe.replays(handler(still))
        while await replays.replay_next():
            pass

    await asyncio.gather(*(replay_all() for _ in range(4)))

    assert {"open"} == {letter.state for letter in await pipe.dead()}


async def test_a_dead_letter_whose_decision_was_forgotten_is_opened_again(pipe: Pipe) -> None:
    event = Probed(aggregate_id="a")
    await die(pipe, event)
    await pipe.rows("DELETE FROM inbox")
    await pipe.publish(event)

    async with pipe.consuming(handler(refuse)):
        await pipe.acknowledged(2)

    assert [("open", 1)] == [(letter.state, letter.replays) for letter in await pipe.dead()]


async def test_broken_entries_that_claim_one_id_are_dead_letters_each(pipe: Pipe) -> None:
    for number in range(3):
        await pipe.add(ce_id="01930000-0000-7000-8000-000000000000", data=str(number))

    async with pipe.consuming(handler()):
        await pipe.acknowledged(3)

    assert len(await pipe.dead()) == 3
