"""The relay at work: when it looks, how long it waits after a failure, and what it tells."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from prometheus_client import REGISTRY

from orders.chassis.db import Database
from orders.chassis.messaging.publishing import batch, lost_writes, relay
from orders.chassis.messaging.publishing.batch import Batch
from orders.chassis.messaging.publishing.pending_batch import PendingBatch
from orders.chassis.messaging.publishing.relay import POLL, Relay

from ..pipe import Pipe, eventually, jittered
from ..relaying import numbered, relay_of, relaying

FULL_DISK = """
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$
"""
FAILING = "CREATE TRIGGER fails BEFORE INSERT ON outbox_sent EXECUTE FUNCTION full_disk()"
Action = Callable[[], Awaitable[object]]


async def waits(
    relaying: Relay, monkeypatch: pytest.MonkeyPatch, *then: Action | None
) -> list[float]:
    """How many seconds a relay wants to wait, so many times; in the place of each wait something
    is done, and after the last the relay stops."""
    seconds: list[float] = []
    stopping = asyncio.Event()

    async def note(wanted: float, *_: asyncio.Event) -> None:
        seconds.append(wanted)
        if action := then[len(seconds) - 1]:
            await action()
        if len(seconds) == len(then):
            stopping.set()

    monkeypatch.setattr(relay, "wait", note)
    async with asyncio.timeout(20):
        await relaying.run(stopping)
    return seconds


def failures(cause: str) -> float:
    """How many batches have failed for this cause."""
    return REGISTRY.get_sample_value("relay_failed_total", {"cause": cause}) or 0


async def arrived(pipe: Pipe, count: int) -> bool:
    """Whether so many events are in the stream."""
    return len(await pipe.entries()) == count


async def test_what_postgres_does_not_take_note_of_cannot_flood_the_stream(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every try publishes the batch once more, so the waits double up to a minute."""
    for statement in (FULL_DISK, FAILING):
        await pipe.rows(statement)
    await pipe.emit(*numbered(1))
    before = failures("unrecorded")

    waited = await waits(relay_of(pipe), monkeypatch, *[None] * 8)

    assert jittered(waited, (1, 2, 4, 8, 16, 32, 60, 60))
    assert await arrived(pipe, 8)
    assert failures("unrecorded") - before == 8


async def test_only_a_batch_that_was_recorded_ends_these_waits(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn in which another relay worked proves nothing."""
    for statement in (FULL_DISK, FAILING):
        await pipe.rows(statement)
    await pipe.emit(*numbered(1))

    async def mend() -> None:
        await pipe.rows("ALTER TABLE outbox_sent DISABLE TRIGGER fails")

    async def spoil() -> None:
        await pipe.rows("ALTER TABLE outbox_sent ENABLE TRIGGER fails")
        await pipe.emit(*numbered(1))

    async with pipe.engine.connect() as other:
        lock = await other.begin()

        async def work() -> None:
            assert await PendingBatch(other, after=0, left_out=[], size=1).lock()

        waited = await waits(
            relay_of(pipe), monkeypatch, None, work, lock.rollback, mend, spoil, None
        )

    assert jittered([s for s in waited if s != POLL], (1, 2, 4, 1))
    assert waited[2] == waited[4] == POLL


async def test_an_outage_is_forgotten_when_it_is_over(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def spoil() -> None:
        await pipe.rows("ALTER TABLE outbox RENAME TO elsewhere")

    async def mend() -> None:
        await pipe.rows("ALTER TABLE elsewhere RENAME TO outbox")

    waited = await waits(relay_of(pipe), monkeypatch, spoil, None, None, mend, spoil, None)

    assert waited[0] == waited[4] == POLL
    assert jittered(waited[1:4] + waited[5:], (0.2, 0.4, 0.8, 0.2))


async def test_a_full_batch_is_followed_at_once_by_the_next(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pipe.emit(*numbered(5))
    seen: list[int] = []

    async def note() -> None:
        seen.append(len(await pipe.entries()))

    await waits(relay_of(pipe, pipe.batches(size=1)), monkeypatch, note)

    assert seen == [5]


async def test_a_long_look_for_lost_writes_goes_on_without_waiting(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_writes, "PAGE", 1)
    monkeypatch.setattr(lost_writes, "AT_ONCE", 1)
    await pipe.publish(*numbered(5))
    ended: list[bool] = []

    async def note() -> None:
        ended.append(bool(await pipe.rows("SELECT 1 FROM broker_seen")))

    await waits(relay_of(pipe), monkeypatch, note)

    assert ended == [True]


async def test_a_notification_that_comes_during_a_look_is_followed_by_another_look(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe.database = Database(
        "postgresql://127.0.0.1:1/none", role="tests"
    )  # no other notifications
    batches, stopping, notified = pipe.batches(), asyncio.Event(), list[bool]()
    running, look = relay_of(pipe, batches), batches.publish_next

    async def look_and_notify() -> Batch:
        found = await look()
        if not notified and not found.count:
            await pipe.emit(*numbered(1))
            running._notified.set()
        return found

    async def note(_: float, heard: asyncio.Event, stop: asyncio.Event) -> None:
        notified.append(heard.is_set())
        if len(notified) == 2:
            stop.set()

    monkeypatch.setattr(batches, "publish_next", look_and_notify)
    monkeypatch.setattr(relay, "wait", note)
    await running.run(stopping)

    assert notified == [True, False]
    assert await arrived(pipe, 1)


async def test_a_relay_is_not_ready_before_it_looked(pipe: Pipe) -> None:
    relay_of(pipe)
    assert pipe.health.problems == {"relay": "starting"}


async def test_the_relay_says_why_it_is_not_ready(pipe: Pipe) -> None:
    await pipe.rows("ALTER TABLE outbox RENAME TO elsewhere")

    async def told() -> bool:
        return pipe.health.problems == {"relay": "the database is not migrated"}

    async with relaying(pipe):
        await eventually(told)


async def test_the_relay_is_not_ready_while_a_stream_refuses(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even in between, when it publishes for the others."""
    monkeypatch.setattr(relay, "POLL", 0.02)
    async with pipe.units.open() as uow:
        uow.announce("broken", "eventsmith.Probe.v1", "a", "{}")
    await pipe.broker.client.set(pipe.prefix + "broken", "no stream")

    async def refused() -> bool:
        return "WRONGTYPE" in pipe.health.problems.get("relay", "")

    async def mended() -> bool:
        return not pipe.health.problems

    async with relaying(pipe):
        await eventually(refused)
        for count in (1, 2):
            await pipe.emit(*numbered(1))
            await eventually(partial(arrived, pipe, count))
        assert await refused()
        monkeypatch.setattr(batch, "REFUSED", 0.1)
        await pipe.broker.client.delete(pipe.prefix + "broken")
        await eventually(mended)
