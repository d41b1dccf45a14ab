"""Handlers that take several events in one transaction."""

import asyncio
from collections.abc import Sequence
from functools import partial
from uuid import UUID, uuid4

from sqlalchemy import text

from orders.chassis.messaging import inbox
from orders.chassis.messaging.unit_of_work import UnitOfWork

from ..pipe import Pipe, Probed, eventually, handler, leave_effect


def events(count: int) -> list[Probed]:
    """So many events, each about an aggregate of its own."""
    return [Probed(aggregate_id=str(number)) for number in range(count)]


class Batches:
    """A handler that remembers what it was given together; it cannot take what says `bad`."""

    def __init__(self) -> None:
        self.given: list[list[UUID]] = []

    async def __call__(self, probed: Sequence[Probed], uow: UnitOfWork) -> None:
        self.given.append([event.event_id for event in probed])
        for event in probed:
            await leave_effect(event, uow)
            if event.text == "bad":
                raise ValueError


async def test_one_read_is_handled_in_batches_in_the_order_of_the_stream(pipe: Pipe) -> None:
    emitted, batches = events(10), Batches()
    await pipe.publish(*emitted)

    async with pipe.consuming(handler(batches, batch=4), concurrency=10):
        await pipe.acknowledged(10)

    assert [4, 4, 2] == [len(given) for given in batches.given]
    assert [event.event_id for event in emitted] == [i for given in batches.given for i in given]
    assert len(await pipe.effects()) == 10


async def test_a_batch_is_one_transaction(pipe: Pipe) -> None:
    await pipe.publish(*events(5))

    async with pipe.consuming(handler(Batches(), batch=5), concurrency=5):
        await pipe.acknowledged(5)

    assert len(await pipe.rows("SELECT DISTINCT xmin FROM effects")) == 1


async def test_after_a_failure_each_event_is_handled_by_itself(pipe: Pipe) -> None:
    bad, good, batches = Probed(aggregate_id="a", text="bad"), events(4), Batches()
    await pipe.publish(*good[:2], bad, *good[2:])

    async with pipe.consuming(handler(batches, batch=5), concurrency=5, max_attempts=1):
        await pipe.acknowledged(5)

    assert [5, 1, 1, 1, 1, 1] == [len(given) for given in batches.given]
    assert sorted(event.event_id for event in good) == sorted(await pipe.effects())
    assert [bad.event_id] == [letter.event_id for letter in await pipe.dead()]


async def test_what_was_decided_before_is_not_in_a_batch_again(pipe: Pipe) -> None:
    first, second = events(2)
    await pipe.rows("INSERT INTO inbox VALUES ('probed', :id, 'done')", id=first.event_id)
    batches = Batches()
    await pipe.emit(first, second, second)
    await pipe.publish()

    async with pipe.consuming(handler(batches, batch=10)):
        await pipe.acknowledged(3)

    assert [[second.event_id]] == batches.given


async def test_an_outage_costs_a_batch_no_attempt(pipe: Pipe) -> None:
    batches = Batches()
    conflicts = 3

    async def sometimes(probed: Sequence[Probed], uow: UnitOfWork) -> None:
        nonlocal conflicts
        if conflicts:
            conflicts -= 1
            await uow.session.execute(
                text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END $$")
            )
        await batches(probed, uow)

    await pipe.publish(*events(3))
    async with pipe.consuming(handler(sometimes, batch=3), max_attempts=1):
        await pipe.acknowledged(3)

    assert len(await pipe.effects()) == 3
    assert not await pipe.dead()


async def test_a_handler_that_takes_single_events_runs_beside_one_that_takes_batches(
    pipe: Pipe,
) -> None:
    await pipe.publish(*events(4))

    async with pipe.consuming(handler(name="one"), handler(Batches(), name="many", batch=4)):
        await pipe.acknowledged(4)

    assert len(await pipe.effects()) == 8


async def test_batches_that_overlap_wait_for_one_another_in_one_order(pipe: Pipe) -> None:
    """Both wait for a third before either has all of its rows: else a deadlock."""
    first, middle, last = sorted(uuid4() for _ in range(3))

    async def take(*ids: UUID) -> int:
        async with pipe.units.open() as uow:
            await uow.session.execute(text("SET LOCAL lock_timeout = '10s'"))
            return len(await inbox.decide_all(uow.session, "probed", ids, "done"))

    async with pipe.engine.connect() as other, asyncio.TaskGroup() as tasks:
        third = await other.begin()
        row = {"id": middle}
        await other.execute(text("INSERT INTO inbox VALUES ('probed', :id, 'done')"), row)
        batches = []
        for count, ids in enumerate([(last, middle, first), (first, middle, last)], start=1):
            batches.append(tasks.create_task(take(*ids)))
            await eventually(partial(waiting, pipe, count))
        await third.rollback()

    assert sorted(batch.result() for batch in batches) == [0, 3]


async def waiting(pipe: Pipe, count: int) -> bool:
    """Whether so many transactions wait for another one."""
    found = await pipe.rows(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()"
    )
    return len(found) == count
