"""One transaction for a change and its events."""

import json
from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from orders.chassis.errors import DatabaseUnavailable
from orders.chassis.messaging.envelope import parse

from ..pipe import Pipe, Probed
from ..service import SERVICE


async def test_an_event_is_committed_with_its_change(pipe: Pipe) -> None:
    event = Probed(aggregate_id="a", text="hello")

    await pipe.emit(event)

    (row,) = await pipe.rows("SELECT event_id, stream, attributes, data FROM outbox")
    assert (event.event_id, "probed") == (row.event_id, row.stream)
    assert {"text": "hello"} == json.loads(row.data)
    assert f"{SERVICE}.Probed.v1" == row.attributes["ce_type"]


async def test_neither_is_there_after_an_error(pipe: Pipe) -> None:
    with pytest.raises(RuntimeError):
        async with pipe.units.open() as uow:
            uow.emit(Probed(aggregate_id="a"))
            await uow.session.execute(
                text("INSERT INTO effects (event_id) VALUES (gen_random_uuid())")
            )
            raise RuntimeError("no")

    assert not await pipe.rows("SELECT 1 FROM outbox UNION ALL SELECT 1 FROM effects")
    assert pipe.notifications == 0


async def test_outbox_rows_are_written_last(pipe: Pipe) -> None:
    """So that the ids of one aggregate's events are in the order of its commits."""
    async with pipe.units.open() as uow:
        uow.emit(Probed(aggregate_id="a"))
        before = (await uow.session.execute(text("SELECT count(*) FROM outbox"))).scalar_one()

    assert before == 0
    assert len(await pipe.rows("SELECT 1 FROM outbox")) == 1


async def test_a_commit_notifies_the_relay_once_if_there_are_events(pipe: Pipe) -> None:
    async with pipe.units.open() as uow:
        uow.emit(Probed(aggregate_id="a"))
        uow.emit(Probed(aggregate_id="b"))
    async with pipe.units.open():
        pass

    assert pipe.notifications == 1


async def test_an_event_names_its_cause_and_the_start_of_its_chain(pipe: Pipe) -> None:
    first, second, third = (Probed(aggregate_id="a", text=str(i)) for i in range(3))
    await pipe.publish(first)
    for cause, effect in ((first, second), (second, third)):
        envelopes = [parse(entry.fields) for entry in await pipe.entries()]
        causing = next(e for e in envelopes if e.event_id == cause.event_id)
        async with pipe.units.open(causing) as uow:
            uow.emit(effect)
        await pipe.publish()

    last = parse((await pipe.entries())[-1].fields)
    assert str(second.event_id) == last.attributes["ce_causationid"]
    assert str(first.event_id) == last.attributes["ce_correlationid"]


async def test_a_database_error_that_was_caught_is_not_taken_for_success(pipe: Pipe) -> None:
    """Postgres would answer the COMMIT with a rollback, and no error."""
    with pytest.raises(DBAPIError):
        async with pipe.units.open() as uow:
            with suppress(DBAPIError):
                await uow.session.execute(text("SELECT 1 / 0"))

    async with pipe.units.open() as uow:
        with suppress(DBAPIError):
            async with uow.session.begin_nested():
                await uow.session.execute(text("SELECT 1 / 0"))
        uow.emit(Probed(aggregate_id="a"))

    assert len(await pipe.rows("SELECT 1 FROM outbox")) == 1


@pytest.mark.parametrize("method", ["commit", "rollback"])
async def test_only_the_unit_of_work_ends_its_transaction(pipe: Pipe, method: str) -> None:
    with pytest.raises(RuntimeError, match="begin_nested"):
        async with pipe.units.open() as uow:
            await getattr(uow.session, method)()


async def test_a_database_that_falls_silent_is_not_waited_for_for_ever(pipe: Pipe) -> None:
    with pytest.raises(DatabaseUnavailable, match="no answer"):
        async with pipe.units.open(patience=0.05) as uow:
            await uow.session.execute(text("SELECT pg_sleep(60)"))
