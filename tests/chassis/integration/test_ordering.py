"""Order: first occurrences come in the order of their commits, from one relay at a time."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from orders.chassis.errors import BrokerRefused
from orders.chassis.messaging.publishing import batch, pending_batch
from orders.chassis.messaging.publishing.pending_batch import PendingBatch

from ..pipe import Pipe, Probed, eventually
from ..relaying import numbered, said


async def test_events_go_out_oldest_first_in_batches(pipe: Pipe) -> None:
    await pipe.broker.ping()
    await pipe.emit(*numbered(5))
    batches = pipe.batches(size=2)

    counts = [(await batches.publish_next()).count for _ in range(4)]

    assert counts == [2, 2, 1, 0]
    assert [str(number) for number in range(5)] == await said(pipe)


async def test_an_event_that_commits_late_under_a_lower_id_is_not_passed_over(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "FULL_LOOK", 0.1)
    batches = pipe.batches(size=1)
    async with pipe.units.open() as late:
        rows = [pipe.outbox.row(Probed(aggregate_id="late"))]
        await late.session.run_sync(pipe.outbox.insert, rows)
        await pipe.emit(*numbered(1))
        assert (await batches.publish_next()).count == 1

    async def relayed() -> bool:
        return (await batches.publish_next()).count == 1

    await eventually(relayed)


@pytest.mark.parametrize(("full_look", "order"), [(60.0, "0 1 low"), (-1.0, "0 low 1")])
async def test_while_batches_are_full_each_begins_where_the_last_one_ended(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch, full_look: float, order: str
) -> None:
    """Which spares Postgres the rows that were just deleted; but not for longer than FULL_LOOK."""
    monkeypatch.setattr(batch, "FULL_LOOK", full_look)
    batches = pipe.batches(size=1)
    await pipe.emit(*numbered(2))
    await pipe.broker.ping()
    await batches.publish_next()
    await pipe.emit(Probed(aggregate_id="b", text="low"))
    await pipe.rows("UPDATE outbox SET id = 1 WHERE data LIKE '%low%'")

    for _ in range(2):
        await batches.publish_next()
    monkeypatch.setattr(batch, "FULL_LOOK", -1.0)
    await batches.publish_next()

    assert order.split() == await said(pipe)


async def test_a_stream_that_takes_events_again_gets_its_oldest_first(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches without it have gone past them."""
    monkeypatch.setattr(batch, "FULL_LOOK", 60.0)
    await pipe.broker.client.set(pipe.key, "no stream")
    others = [pipe.outbox.notice("other", "eventsmith.Probe.v1", "a", "{}") for _ in range(2)]
    await pipe.emit(*numbered(1))
    async with pipe.units.open() as uow:
        await uow.session.run_sync(pipe.outbox.insert, others)
    await pipe.emit(*numbered(1, start=1))
    batches = pipe.batches(size=1)
    with pytest.raises(BrokerRefused):
        await batches.publish_next()
    await batches.publish_next()

    await pipe.broker.client.delete(pipe.key)
    monkeypatch.setattr(batch, "REFUSED", 0)
    for _ in range(3):
        await batches.publish_next()

    assert ["0", "1"] == await said(pipe)


class Model(DeclarativeBase):
    """Tables of this test's own."""


class Counted(Model):
    """An aggregate."""

    __tablename__ = "counted"
    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]


async def test_two_writers_of_one_row_are_published_in_the_order_of_their_commits(
    pipe: Pipe,
) -> None:
    """Though the second one emitted first: outbox rows are written when the lock is held."""
    await pipe.rows("CREATE TABLE counted (id int PRIMARY KEY, version int NOT NULL)")
    await pipe.rows("INSERT INTO counted VALUES (1, 0)")

    async def second() -> None:
        async with pipe.units.open() as uow:
            await uow.session.execute(text("SET LOCAL lock_timeout = '10s'"))
            row = await uow.session.get_one(Counted, 1)
            uow.emit(Probed(aggregate_id="1", text="second"))
            row.version = 2  # written when the transaction ends

    async def waits() -> bool:
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return bool(await pipe.rows(f"{waiting} AND datname = current_database()"))

    async with pipe.units.open() as uow:
        await uow.session.execute(text("UPDATE counted SET version = 1"))
        later = asyncio.create_task(second())
        await eventually(waits)
        uow.emit(Probed(aggregate_id="1", text="first"))
    await later
    await pipe.publish()

    assert ["first", "second"] == await said(pipe)


async def test_only_one_relay_works_at_a_time(pipe: Pipe) -> None:
    await pipe.emit(*numbered(1))
    async with pipe.engine.begin() as other:
        assert await PendingBatch(other, after=0, left_out=[], size=1).lock()

        assert batch.Batch(0, more=False) == await pipe.batches().publish_next()

    assert (await pipe.batches().publish_next()).count == 1


async def test_a_relay_that_was_frozen_proves_that_it_still_holds_the_lock(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending_batch, "FROZEN", -1.0)
    await pipe.emit(*numbered(1))
    ended = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
    frozen = pipe.batches()
    next_part = PendingBatch.next_part

    async def and_freeze(pending: PendingBatch) -> Sequence[Row[Any]]:
        rows = await next_part(pending)
        await pipe.rows(
            f"{ended} AND database = (SELECT oid FROM pg_database"
            " WHERE datname = current_database())"
        )
        return rows

    monkeypatch.setattr(PendingBatch, "next_part", and_freeze)
    with pytest.raises(DBAPIError):
        await frozen.publish_next()

    assert not await said(pipe)
