"""The janitor: works alone, comes again whatever fails, and removes idle consumers."""

import asyncio
from collections.abc import Collection
from typing import Any

import pytest
from structlog.testing import capture_logs

from orders.chassis.db import Database
from orders.chassis.messaging.upkeep import janitor, purge_tables
from orders.chassis.messaging.upkeep.idle_consumers import idle

from ..cleaning import cleaner, left, sent, sent_days_ago
from ..pipe import Pipe, Probed, eventually, handler
from ..service import SERVICE


def test_idle_is_who_gave_no_sign_of_life_for_long() -> None:
    seen = {b"gone": 3_600_000, b"alive": 3_599_999, b"~parked": 9_999_999}
    group = [{"name": name, "idle": milliseconds} for name, milliseconds in seen.items()]

    assert idle(group, 3600) == [b"gone"]


async def consumers(pipe: Pipe) -> set[str]:
    """The consumers of the service's group."""
    found: Any = await pipe.broker.client.xinfo_consumers(pipe.key, SERVICE)
    return {one["name"].decode() for one in found}


@pytest.mark.parametrize("patience", [0.0, 3600.0])
async def test_an_idle_consumer_is_removed_but_never_one_that_holds_something(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    monkeypatch.setattr(janitor, "IDLE", patience)
    stream_id = await pipe.add(data="{}")
    await pipe.group().ensure("0")
    await pipe.group("holder").read(1, 10)
    for name in ("gone", "~parked"):
        await pipe.broker.client.xgroup_createconsumer(pipe.key, SERVICE, name)

    await cleaner(pipe, visibility_timeout=0).clean()

    gone = set() if patience else {"gone"}
    assert {"gone", "holder", "~parked"} - gone == await consumers(pipe)
    assert {"holder": 1} == await pipe.pending()
    assert [stream_id] == await left(pipe)


async def test_a_consumer_that_waits_loses_nothing_when_it_is_taken_for_gone(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(janitor, "IDLE", 0.0)
    async with pipe.consuming(handler(), name="waiting"):
        await pipe.publish(Probed(aggregate_id="a"))
        await pipe.acknowledged(1)
        with capture_logs() as logs:
            await cleaner(pipe, visibility_timeout=0).clean()
        await pipe.publish(Probed(aggregate_id="a"))
        await pipe.acknowledged(2)

    removed = [line for line in logs if line["event"] == "janitor.consumer_removed"]
    assert ["waiting"] == [line["consumer"] for line in removed]
    assert len(await pipe.effects()) == 2


async def test_a_janitor_whose_session_has_ended_can_still_be_stopped(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rollback fails then, and says so in the place of the cancellation."""
    begun = asyncio.Event()

    async def endless() -> None:
        begun.set()
        await asyncio.Event().wait()

    cleaning = cleaner(pipe)
    monkeypatch.setattr(cleaning, "_steps", [("trim", endless)])
    running = asyncio.create_task(cleaning.run())
    await begun.wait()
    await pipe.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND state = 'idle in transaction'"
    )

    running.cancel()
    await asyncio.wait([running], timeout=5)

    assert running.cancelled()


async def test_one_janitor_works_at_a_time(pipe: Pipe) -> None:
    await sent(pipe, 15)
    async with pipe.engine.begin() as other:
        await other.execute(janitor._LOCK)
        await cleaner(pipe).clean()
        assert [15] == await sent_days_ago(pipe)

    await cleaner(pipe).clean()
    assert [] == await sent_days_ago(pipe)


async def test_whatever_fails_the_janitor_comes_again(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(janitor, "INTERVAL", 0.01)
    await pipe.rows("ALTER TABLE outbox_sent RENAME TO elsewhere")
    async with asyncio.TaskGroup() as tasks:
        with capture_logs() as logs:
            working = tasks.create_task(cleaner(pipe).run())

            async def failed() -> bool:
                return any(line["event"] == "janitor.failed" for line in logs)

            await eventually(failed)
        await pipe.rows("ALTER TABLE elsewhere RENAME TO outbox_sent")
        await sent(pipe, 15)

        async def purged() -> bool:
            return not await sent_days_ago(pipe)

        await eventually(purged)
        working.cancel()

    reasons: Collection[str] = {line["reason"] for line in logs}
    assert reasons == {"the database is not migrated"}


async def test_a_step_that_takes_too_long_is_left_and_the_next_is_taken(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it did by then is done."""
    monkeypatch.setattr(janitor, "LONGEST", 0.5)
    monkeypatch.setattr(purge_tables, "PAUSE", 60.0)
    await sent(pipe, 15)
    await pipe.broker.client.set(pipe.key, "no stream")

    with capture_logs() as logs:
        await cleaner(pipe).clean()

    failed = [(line["step"], line["error"]) for line in logs if line["event"] == "janitor.failed"]
    assert ("outbox_sent", "TimeoutError") in failed
    assert "inbox" == failed[-1][0]
    assert [] == await sent_days_ago(pipe)


async def test_a_long_step_does_not_cost_the_janitor_its_lock(
    pipe: Pipe, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its session idles meanwhile, for longer than sessions of the relay may."""
    monkeypatch.setattr(purge_tables, "PAUSE", 0.4)
    pipe.engine = Database(database_url, role="tests", idle_in_transaction=0.1).engine(2)
    await sent(pipe, 15)

    with capture_logs() as logs:
        await cleaner(pipe).clean()

    assert not [line for line in logs if line["event"] == "janitor.failed"]
    await pipe.engine.dispose()


async def test_a_stream_or_group_that_is_not_there_yet_is_no_failure(pipe: Pipe) -> None:
    with capture_logs() as logs:
        await cleaner(pipe).clean()
        await pipe.add(data="{}")
        await cleaner(pipe).clean()

    assert not [line for line in logs if line["event"] == "janitor.failed"]
