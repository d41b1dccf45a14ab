"""Purging: how long the outbox log, decisions and dead letters are kept."""

from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from orders.chassis.messaging.redis import Broker
from orders.chassis.messaging.upkeep import purge_tables

from ..cleaning import add, cleaner, sent, sent_days_ago
from ..pipe import Pipe

NOWHERE = "redis://127.0.0.1:1/0"


async def decided(pipe: Pipe, days_ago: float, state: str = "done") -> UUID:
    """A row of the inbox of this age; returns its event's id."""
    event_id = uuid4()
    await pipe.rows(
        "INSERT INTO inbox (handler, event_id, state, decided_at)"
        " VALUES ('probed', :id, :state, now() - make_interval(secs => :seconds))",
        id=event_id,
        state=state,
        seconds=days_ago * 86_400,
    )
    return event_id


async def letter(pipe: Pipe, event_id: UUID, state: str) -> None:
    """A dead letter in this state."""
    await pipe.rows(
        "INSERT INTO dead_letters (handler, event_id, stream, stream_id, entry, reason, error,"
        " traceback, fingerprint, attempts, state) VALUES ('probed', :id, 'probed', '1-0', '{}',"
        " 'attempts', '', '', '', 5, :state)",
        id=event_id,
        state=state,
    )


async def remembered(pipe: Pipe) -> set[UUID]:
    """The events that the inbox knows."""
    return {row.event_id for row in await pipe.rows("SELECT event_id FROM inbox")}


async def test_the_outbox_log_is_kept_as_long_as_it_is_told_to(pipe: Pipe) -> None:
    await sent(pipe, 15, 14.5, 13, 0)
    await cleaner(pipe).clean()
    assert [0, 13] == await sent_days_ago(pipe)


async def test_rows_are_deleted_in_small_batches(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge_tables, "BATCH", 2)
    await sent(pipe, 19, 18, 17, 16, 15)
    await pipe.rows("CREATE TABLE batches (size bigint, transaction xid8)")
    await pipe.rows(
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO batches SELECT count(*), pg_current_xact_id() FROM gone; RETURN NULL; END $$"
    )
    await pipe.rows(
        "CREATE TRIGGER note AFTER DELETE ON outbox_sent REFERENCING OLD TABLE AS gone"
        " FOR EACH STATEMENT EXECUTE FUNCTION note()"
    )

    await cleaner(pipe).clean()

    batches = await pipe.rows("SELECT size, transaction FROM batches WHERE size > 0")
    assert sorted(batch.size for batch in batches) == [1, 2, 2]
    assert len({batch.transaction for batch in batches}) == 3


async def test_a_row_that_somebody_works_on_is_not_waited_for(pipe: Pipe) -> None:
    await sent(pipe, 20, 15)
    async with pipe.units.open() as other:
        connection = await other.session.connection()
        await connection.exec_driver_sql(
            "SELECT 1 FROM outbox_sent ORDER BY sent_at LIMIT 1 FOR UPDATE"
        )
        await cleaner(pipe).clean()

        assert [20] == await sent_days_ago(pipe)


async def test_decisions_are_kept_as_long_as_they_are_told_to(pipe: Pipe) -> None:
    await decided(pipe, 31)
    young = await decided(pipe, 29)

    await cleaner(pipe).clean()

    assert {young} == await remembered(pipe)


async def test_a_decision_stays_while_its_entry_may_still_be_in_a_stream(pipe: Pipe) -> None:
    """A group that is lost begins at the oldest entry again."""
    await add(pipe, 40)
    await decided(pipe, 41)
    needed = await decided(pipe, 39)

    await cleaner(pipe).clean()

    assert {needed} == await remembered(pipe)


async def test_no_decision_is_forgotten_while_redis_is_silent(pipe: Pipe) -> None:
    known = await decided(pipe, 31)
    await sent(pipe, 15)
    async with Broker(NOWHERE) as nowhere:
        with capture_logs() as logs:
            await cleaner(pipe, broker=nowhere).clean()

    assert {known} == await remembered(pipe)
    assert [] == await sent_days_ago(pipe)
    failed = [line["step"] for line in logs if line["event"] == "janitor.failed"]
    assert failed == ["trim", "trim", "consumers", "inbox"]


async def test_an_open_dead_letter_never_expires(pipe: Pipe) -> None:
    waiting = [await decided(pipe, 400, "dead") for _ in range(2)]
    await letter(pipe, waiting[0], "open")
    await letter(pipe, waiting[1], "replay")

    await cleaner(pipe).clean()

    assert set(waiting) == await remembered(pipe)
    assert len(await pipe.dead()) == 2


async def test_a_letter_that_was_decided_on_goes_with_its_decision(pipe: Pipe) -> None:
    discarded = [await decided(pipe, days, "discarded") for days in (31, 29)]
    for event_id in discarded:
        await letter(pipe, event_id, "discarded")
    replayed = await decided(pipe, 31)
    await letter(pipe, replayed, "replayed")

    await cleaner(pipe).clean()

    assert {discarded[1]} == await remembered(pipe)
    assert discarded[1:] == [row.event_id for row in await pipe.dead()]
