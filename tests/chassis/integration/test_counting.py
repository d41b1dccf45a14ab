"""What an event costs: how often API, relay and consumer have to wait for an answer. Counted, not
timed, so that a statement too many shows on any machine."""

import asyncio
from collections.abc import Awaitable, Sequence

import pytest
from sqlalchemy import text

from orders.chassis.db import Database
from orders.chassis.messaging.publishing.batch import Batches
from orders.chassis.messaging.unit_of_work import UnitOfWork

from ..line import Line, line_to
from ..pipe import Pipe, Probed, handler, numbered

BEGIN = COMMIT = 1
EFFECTS = text("INSERT INTO effects (event_id) SELECT unnest(CAST(:ids AS uuid[]))")


async def cost(line: Line, work: Awaitable[object]) -> int:
    """How often somebody had to wait for an answer."""
    before = line.round_trips
    await work
    return line.round_trips - before


async def take(events: Sequence[Probed], uow: UnitOfWork) -> None:
    """A handler that needs one statement for all of them."""
    await uow.session.execute(EFFECTS, {"ids": [event.event_id for event in events]})


@pytest.mark.parametrize("count", [1, 50])
async def test_emitting_costs_one_statement_beside_the_transaction(
    pipe: Pipe, postgres_line: Line, count: int
) -> None:
    async def emit() -> None:
        async with pipe.units.open() as uow:
            for event in numbered(count):
                uow.emit(event)

    await emit()  # opens the connection and prepares the statement

    assert await cost(postgres_line, emit()) == BEGIN + 1 + COMMIT


@pytest.mark.parametrize("count", [1, 50])
async def test_a_batch_costs_the_relay_three_statements_and_one_command(
    pipe: Pipe, database_url: str, redis_line: Line, count: int
) -> None:
    async with line_to(database_url) as postgres_line:
        engine = Database(postgres_line.url, role="tests").engine(pool_size=1)
        batches = Batches(engine, pipe.roles_broker, key_prefix=pipe.prefix, size=2000)
        await pipe.emit(*numbered(1))
        await batches.publish_next()
        await pipe.emit(*numbered(count))
        commands = redis_line.round_trips

        statements = await cost(postgres_line, batches.publish_next())

        assert statements == BEGIN + len(("lock", "oldest", "move")) + COMMIT
        assert redis_line.round_trips - commands == 1
        assert len(await pipe.entries()) == 1 + count
        await engine.dispose()


async def test_an_event_costs_the_consumer_its_inbox_row_beside_handler_and_transaction(
    pipe: Pipe, postgres_line: Line
) -> None:
    dispatcher, group = pipe.dispatcher(handler()), pipe.group()
    await pipe.publish(*numbered(2))
    await group.ensure("0")
    first, second = await group.read(2, 100)
    await dispatcher.handle([first])

    statements = await cost(postgres_line, dispatcher.handle([second]))

    assert statements == BEGIN + len(("inbox", "handler")) + COMMIT
    assert len(await pipe.effects()) == 2


async def test_a_batch_of_any_size_costs_the_consumer_as_much_as_one_event(
    pipe: Pipe, postgres_line: Line
) -> None:
    dispatcher, group = pipe.dispatcher(handler(take, batch=50)), pipe.group()
    await pipe.publish(*numbered(40))
    await group.ensure("0")
    deliveries = await group.read(40, 100)
    await dispatcher.handle(deliveries[:3])

    statements = await cost(postgres_line, dispatcher.handle(deliveries[3:]))

    assert statements == BEGIN + len(("inbox", "handler")) + COMMIT
    assert len(await pipe.effects()) == 40


async def test_entries_done_at_one_time_are_acknowledged_together(
    pipe: Pipe, redis_line: Line
) -> None:
    await pipe.publish(*numbered(11))
    group = pipe.group()
    await group.ensure("0")
    first, *others = [delivery.stream_id for delivery in await group.read(11, 100)]
    await group.ack([first])

    commands = await cost(redis_line, asyncio.gather(*(group.ack([other]) for other in others)))

    assert commands == 2  # the first of them, and the others while it was under way
    assert await pipe.pending() == {}
