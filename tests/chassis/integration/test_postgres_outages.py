"""Outages of Postgres: while it is silent nothing is taken, and nothing costs an attempt."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from structlog.testing import capture_logs

from orders.chassis.db import Database
from orders.chassis.errors import DatabaseUnavailable
from orders.chassis.messaging.consuming import attempt, database_probe, retry_policy
from orders.chassis.messaging.dead_letters import store
from orders.chassis.messaging.redis import PARKED
from orders.chassis.messaging.unit_of_work import UnitOfWork

from ..deliveries import abandon, events, holds, ready, says
from ..line import Line
from ..pipe import Pipe, Probed, eventually, handler, leave_effect


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (attempt, database_probe, store):
        monkeypatch.setattr(module, "PATIENCE", 0.2)


async def test_a_handler_that_takes_too_long_for_a_silent_database_loses_no_attempt(
    pipe: Pipe, postgres_line: Line
) -> None:
    """Nor is anything else read before Postgres answers again."""
    first, *later = events(4)
    started, silent = asyncio.Event(), asyncio.Event()

    async def slow(probed: Probed, uow: UnitOfWork) -> None:
        started.set()
        await silent.wait()
        await leave_effect(probed, uow)

    await pipe.publish(first)
    async with pipe.consuming(handler(slow, timeout=3), max_attempts=1):
        await started.wait()
        postgres_line.silence()
        silent.set()
        await eventually(lambda: says(pipe, "Postgres does not answer"))
        await pipe.publish(*later)
        await asyncio.sleep(0.2)  # several turns, had it not been noticed
        assert {PARKED: 1} == await pipe.pending()
        postgres_line.restore()
        await pipe.acknowledged(4)
        await eventually(lambda: ready(pipe))

    assert len(await pipe.effects()) == 4
    assert not await pipe.dead()


async def test_a_batch_that_meets_a_silent_database_is_not_tried_one_by_one(
    pipe: Pipe, postgres_line: Line
) -> None:
    """Each event by itself would wait as long as all of them did."""

    async def take(probed: Sequence[Probed], uow: UnitOfWork) -> None:
        for event in probed:
            await leave_effect(event, uow)

    await pipe.publish(*events(3))
    before = failed()
    postgres_line.silence()
    async with pipe.consuming(handler(take, batch=3), max_attempts=1):
        await eventually(lambda: says(pipe, "Postgres does not answer"))
        assert failed() - before == 3
        postgres_line.restore()
        await pipe.acknowledged(3)

    assert len(await pipe.effects()) == 3
    assert not await pipe.dead()


async def test_a_dead_letter_that_a_silent_database_does_not_take_is_written_later(
    pipe: Pipe, postgres_line: Line
) -> None:
    await pipe.publish(*events(1))
    await abandon(pipe, times=3)
    postgres_line.silence()
    with capture_logs() as logs:
        async with pipe.consuming(handler(), max_attempts=3):
            await eventually(lambda: holds(pipe, PARKED, 1))
            postgres_line.restore()
            await pipe.acknowledged(1)

    assert "dead_letter.not_written" in [line["event"] for line in logs]
    assert [("crashed", 4)] == [(row.reason, row.attempts) for row in await pipe.dead()]


async def test_a_dead_letter_that_postgres_refuses_is_written_later(pipe: Pipe) -> None:
    """Neither is the event acknowledged without it, nor does the consumer end."""
    await pipe.publish(*events(1))
    await pipe.add(hello="world")
    await pipe.rows("ALTER TABLE dead_letters RENAME TO elsewhere")
    async with pipe.consuming(handler()):
        await eventually(lambda: holds(pipe, PARKED, 1))
        await pipe.rows("ALTER TABLE elsewhere RENAME TO dead_letters")
        await pipe.acknowledged(2)

    assert ["undecodable"] == [row.reason for row in await pipe.dead()]


async def test_an_infrastructure_error_that_one_event_brings_about_is_uncounted_only_so_often(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry_policy, "INFRASTRUCTURE_RETRIES", 3)
    runs = 0

    async def deadlock(_: Probed, uow: UnitOfWork) -> None:
        nonlocal runs
        runs += 1
        await uow.session.execute(
            text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40P01'; END $$")
        )

    await pipe.publish(*events(1))
    async with pipe.consuming(handler(deadlock), max_attempts=1):
        await pipe.acknowledged(1)

    assert (4, ["attempts"]) == (runs, [letter.reason for letter in await pipe.dead()])


async def test_uncounted_retries_of_an_event_are_forgotten_when_it_is_handled(pipe: Pipe) -> None:
    failed_once: set[str] = set()

    async def second_time(probed: Probed, uow: UnitOfWork) -> None:
        if probed.aggregate_id not in failed_once:
            failed_once.add(probed.aggregate_id)
            await uow.session.execute(
                text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40P01'; END $$")
            )
        await leave_effect(probed, uow)

    await pipe.publish(*events(3))
    async with pipe.consuming(handler(second_time), max_attempts=1) as consumer:
        await pipe.acknowledged(3)

        assert not consumer._dispatcher.policy._uncounted
    assert len(await pipe.effects()) == 3


def failed() -> float:
    """How many runs of the handler have failed, for each event one."""
    labels = {"handler": "probed", "outcome": "failed"}
    return REGISTRY.get_sample_value("consumer_handled_total", labels) or 0


async def test_a_connection_that_breaks_while_it_is_made_ready_is_an_outage(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLAlchemy lets the driver's error pass there, and it would end the process."""
    connect = Database.connect

    async def broken(self: Database) -> asyncpg.Connection:
        connection = await connect(self)
        connection.terminate()
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(Database, "connect", broken)
        engine = Database(database_url, role="tests").engine(1)
    with pytest.raises(DatabaseUnavailable, match="broke"):
        await engine.connect()
    await engine.dispose()
