"""Consumers that die, freeze or are slow: whose entry it is, and who may take it over."""

import asyncio
from uuid import UUID

from prometheus_client import REGISTRY
from sqlalchemy import text
from structlog.testing import capture_logs

from orders.chassis.messaging.consuming.poison_isolation import PoisonIsolation
from orders.chassis.messaging.redis import PARKED
from orders.chassis.messaging.unit_of_work import UnitOfWork

from ..deliveries import abandon, events, holds
from ..pipe import STREAM, VISIBILITY, Pipe, Probed, eventually, handler


async def test_what_a_dead_consumer_held_is_taken_over(pipe: Pipe) -> None:
    await pipe.publish(*events(3))
    lost = pipe.group("lost")
    await lost.ensure("0")
    assert len(await lost.read(3, 100)) == 3

    async with pipe.consuming(handler()):
        await pipe.acknowledged(3)

    assert len(await pipe.effects()) == 3


async def test_an_event_whose_consumers_die_is_given_up_before_its_handler_runs(
    pipe: Pipe,
) -> None:
    ran: list[str] = []

    async def note(probed: Probed, _: UnitOfWork) -> None:
        ran.append(probed.aggregate_id)

    await pipe.publish(*events(1))
    await abandon(pipe, times=3)
    async with pipe.consuming(handler(note), max_attempts=3):
        await pipe.acknowledged(1)

    assert ["crashed"] == [letter.reason for letter in await pipe.dead()]
    assert ran == []


async def test_an_event_that_was_applied_is_never_given_up(pipe: Pipe) -> None:
    """Its last attempt committed, and its consumer died before it could acknowledge."""
    await pipe.publish(*events(1))
    await abandon(pipe, times=5)
    event_id = (await pipe.entries())[0].fields[b"ce_id"].decode()
    await pipe.rows("INSERT INTO inbox VALUES ('probed', CAST(:id AS uuid), 'done')", id=event_id)

    async with pipe.consuming(handler(), max_attempts=3):
        await pipe.acknowledged(1)

    assert not await pipe.dead()


async def test_a_frozen_consumer_does_not_stall_the_group(pipe: Pipe) -> None:
    """Its transaction holds the inbox row: others wait at most for lock_timeout, uncounted."""
    frozen, others = events(1), events(20)
    await pipe.publish(*frozen)
    zombie = pipe.group("zombie")
    await zombie.ensure("0")
    await zombie.read(1, 100)
    async with pipe.units.open() as held:
        await held.session.execute(
            text("INSERT INTO inbox VALUES ('probed', :id, 'done')"), {"id": frozen[0].event_id}
        )
        await asyncio.sleep(VISIBILITY)  # until the entry counts as abandoned
        await pipe.publish(*others)
        async with pipe.consuming(handler(), max_attempts=1):
            await eventually(lambda: effects(pipe, 20))
            await eventually(lambda: holds(pipe, PARKED, 1))

    assert not await pipe.dead()


async def test_poison_candidates_run_one_at_a_time(pipe: Pipe) -> None:
    """In one process, by whichever of its consumers they are taken."""
    running, most = 0, 0

    async def count(_: Probed, __: UnitOfWork) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1

    await pipe.publish(*events(4))
    await abandon(pipe, times=2)
    isolation = PoisonIsolation()
    async with (
        pipe.consuming(handler(count), name="c1", max_attempts=5, isolation=isolation),
        pipe.consuming(handler(count), name="c2", max_attempts=5, isolation=isolation),
    ):
        await pipe.acknowledged(4)

    assert most == 1


async def test_what_was_given_up_on_purpose_is_no_poison_candidate(pipe: Pipe) -> None:
    await pipe.publish(*events(1))
    group = pipe.group("c1")
    await group.ensure("0")
    (delivery,) = await group.read(1, 100)
    await group.park(delivery.stream_id, 0, 4)

    page = await pipe.group("c2").claim(0, "-", 10, 0)

    assert [(5, False)] == [(one.attempt, one.poison_candidate) for one in page.deliveries]


async def test_a_claim_finds_what_is_due_behind_what_is_not(pipe: Pipe) -> None:
    """The pending list is walked page by page to its end."""
    await pipe.publish(*events(450))
    busy, lost = pipe.group("busy"), pipe.group("lost")
    await busy.ensure("0")
    await busy.read(400, 100)
    await lost.read(50, 100)
    entries = await pipe.entries()

    async def stay_busy() -> None:
        while True:
            await busy.touch([entry.stream_id for entry in entries[:400]])
            await asyncio.sleep(VISIBILITY / 8)

    busily = asyncio.create_task(stay_busy())
    due = {UUID(entry.fields[b"ce_id"].decode()) for entry in entries[400:]}
    async with pipe.consuming(handler(), concurrency=50):

        async def all_due_handled() -> bool:
            return due <= set(await pipe.effects())

        await eventually(all_due_handled)
        busily.cancel()


async def test_entries_trimmed_while_pending_are_logged(pipe: Pipe) -> None:
    await pipe.publish(*events(1))
    await abandon(pipe, times=1)
    (entry,) = await pipe.entries()
    await pipe.broker.client.xdel(pipe.key, entry.stream_id)
    before = trimmed()

    with capture_logs() as logs:
        async with pipe.consuming(handler()):
            await eventually(lambda: holds(pipe, "lost", 0))

    told = [line["stream_id"] for line in logs if line["event"] == "event.trimmed"]
    assert [entry.stream_id] == told
    assert trimmed() - before == 1


def trimmed() -> float:
    """How many pending entries were found trimmed."""
    labels = {"stream": STREAM}
    return REGISTRY.get_sample_value("consumer_trimmed_pending_total", labels) or 0


async def effects(pipe: Pipe, count: int) -> bool:
    return len(await pipe.effects()) == count
