"""Deciding on many dead letters: in batches, each one once, and nobody has to wait."""

from collections.abc import AsyncIterator, Sequence

from sqlalchemy import text

from orders.chassis.messaging.dead_letters import decisions as deciding
from orders.chassis.messaging.dead_letters.selection import Selection

from ..letters import seed, states
from ..pipe import Pipe, handler
from ..service import SERVICE

EVERY = Selection()


async def all_of(batches: AsyncIterator[Sequence[int]]) -> list[int]:
    """What was decided, batch after batch."""
    return [letter async for batch in batches for letter in batch]


async def test_only_the_numbers_that_are_given_are_meant(pipe: Pipe) -> None:
    first, _, last = await seed(pipe, 3)

    chosen = Selection((last, first, last, 99))
    assert [first, last] == await all_of(deciding.mark_for_replay(pipe.engine, chosen))


async def test_every_batch_is_committed_when_it_is_told(pipe: Pipe) -> None:
    await seed(pipe, 25)

    told = []
    async for batch in deciding.mark_for_replay(pipe.engine, EVERY, 10):
        told.append(len(batch))
        assert sum(told) == (await states(pipe))["replay"]
    assert [10, 10, 5] == told


async def test_who_stops_after_a_batch_leaves_the_rest_as_it_was(pipe: Pipe) -> None:
    await seed(pipe, 25)

    async for _ in deciding.mark_for_replay(pipe.engine, EVERY, 10):
        break

    assert {"open": 15, "replay": 10} == await states(pipe)


async def test_what_fails_again_meanwhile_is_not_marked_again(pipe: Pipe) -> None:
    letters = await seed(pipe, 3)

    marked: list[int] = []
    async for batch in deciding.mark_for_replay(pipe.engine, EVERY, 1):
        marked += batch
        assert len(marked) <= 3
        await pipe.rows("UPDATE dead_letters SET state = 'open'")
    assert letters == marked


async def test_marking_again_does_not_begin_a_replay_anew(pipe: Pipe) -> None:
    await seed(pipe, state="replay", started=3)

    assert [] == await all_of(deciding.mark_for_replay(pipe.engine, EVERY))


async def test_what_is_discarded_is_decided_for_good(pipe: Pipe) -> None:
    letters = await seed(pipe, 25)
    await pipe.rows("DELETE FROM inbox WHERE event_id = (SELECT event_id FROM inbox LIMIT 1)")

    assert letters == await all_of(deciding.discard(pipe.engine, EVERY, 10))

    assert {"discarded": 25} == await states(pipe)
    decided = await pipe.rows("SELECT state, count(*) AS n FROM inbox GROUP BY state")
    assert [("discarded", 25)] == [tuple(row) for row in decided]


async def test_what_was_done_stays_done(pipe: Pipe) -> None:
    await seed(pipe)
    await pipe.rows("UPDATE inbox SET state = 'done'")

    await all_of(deciding.discard(pipe.engine, EVERY))

    assert ["done"] == [row.state for row in await pipe.rows("SELECT state FROM inbox")]


async def test_a_letter_that_is_being_replayed_is_not_discarded(pipe: Pipe) -> None:
    running, waiting = await seed(pipe, 2, state="replay")

    async with pipe.engine.begin() as consumer:
        lock = text("SELECT 1 FROM dead_letters WHERE id = :id FOR UPDATE")
        await consumer.execute(lock, {"id": running})
        assert [waiting] == await all_of(deciding.discard(pipe.engine, EVERY))


async def test_handlers_that_this_code_does_not_have_are_named(pipe: Pipe) -> None:
    probed = f"{SERVICE}.Probed.v1"
    await seed(pipe, 2, handler="gone", event_type=probed)
    await seed(pipe, handler="here", event_type="shop.Other.v1")
    kept = await seed(pipe, handler="here", event_type=probed)
    kept += await seed(pipe, handler="*")

    known = {probed: [handler(name="here")]}
    plan = await deciding.plan_replay(pipe.engine, EVERY, known)

    assert {("gone", probed): 2, ("here", "shop.Other.v1"): 1} == plan.without_handler
    assert 2 == plan.count
    assert kept == await all_of(deciding.mark_for_replay(pipe.engine, plan.chosen))
