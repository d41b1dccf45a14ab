"""The heartbeat: what is being handled is kept alive by its owner, and by nobody else."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from orders.chassis.messaging.consuming import in_flight
from orders.chassis.messaging.consuming.in_flight import InFlight
from orders.chassis.messaging.consuming.poison_isolation import PoisonIsolation
from orders.chassis.messaging.unit_of_work import UnitOfWork

from ..deliveries import Held, abandon, events, holds, look_abandoned, undecided
from ..pipe import (
    STREAM,
    VISIBILITY,
    Pipe,
    Probed,
    eventually,
    handler,
    leave_effect,
)
from ..service import SERVICE


async def test_a_long_handler_is_not_taken_for_abandoned(pipe: Pipe) -> None:
    runs: list[str] = []
    finished = asyncio.Event()

    async def slow(probed: Probed, uow: UnitOfWork) -> None:
        runs.append(probed.aggregate_id)
        await asyncio.sleep(VISIBILITY * 2.5)
        await leave_effect(probed, uow)
        finished.set()

    await pipe.publish(*events(1))
    async with (
        pipe.consuming(handler(slow), name="c1"),
        pipe.consuming(handler(slow), name="c2"),
    ):
        await finished.wait()
        await pipe.acknowledged(1)

    assert runs == ["0"]


async def test_a_heartbeat_keeps_a_running_entry_from_others(pipe: Pipe) -> None:
    release = asyncio.Event()

    async def slow(probed: Probed, uow: UnitOfWork) -> None:
        await release.wait()
        await leave_effect(probed, uow)

    await pipe.publish(*events(1))
    async with pipe.consuming(handler(slow, timeout=30)):
        await eventually(lambda: holds(pipe, "c1", 1))
        await asyncio.sleep(VISIBILITY * 2)
        page = await pipe.group("c2").claim(int(VISIBILITY * 1000), "-", 10, 1)
        release.set()
        await pipe.acknowledged(1)

    assert not page.deliveries


async def test_only_the_owner_of_an_entry_keeps_it_alive_or_gives_it_up(pipe: Pipe) -> None:
    await pipe.publish(*events(1))
    former, owner = pipe.group("former"), pipe.group("owner")
    await former.ensure("0")
    (delivery,) = await former.read(1, 100)
    await owner.claim(0, "-", 10, 1)

    assert [delivery.stream_id] == await former.touch([delivery.stream_id])
    assert not await former.park(delivery.stream_id, 0, 0)
    assert {"owner": 1} == await pipe.pending()


async def test_what_is_finished_while_its_consumer_stops_is_kept_alive_as_well(
    pipe: Pipe,
) -> None:
    started, holders = asyncio.Event(), list[dict[str, int]]()

    async def slow(probed: Probed, uow: UnitOfWork) -> None:
        started.set()
        await asyncio.sleep(VISIBILITY * 2)
        holders.append(await pipe.pending())
        await leave_effect(probed, uow)

    await pipe.publish(*events(1))
    async with AsyncExitStack() as others:
        async with pipe.consuming(handler(slow), name="c1"):
            await started.wait()
            await others.enter_async_context(pipe.consuming(handler(slow), name="c2"))

        assert [{"c1": 1}] == holders
    assert len(await pipe.effects()) == 1


async def test_a_heartbeat_comes_at_least_every_few_seconds(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Consumers of another release may have a shorter visibility timeout."""
    monkeypatch.setattr(in_flight, "BEAT", 0.05)
    release = asyncio.Event()

    async def slow(_: Probed, __: UnitOfWork) -> None:
        await release.wait()

    await pipe.publish(*events(1))
    async with pipe.consuming(handler(slow, timeout=30), visibility=60):
        await eventually(lambda: holds(pipe, "c1", 1))
        before = await idle(pipe)

        async def beaten() -> bool:
            nonlocal before
            was, before = before, await idle(pipe)
            return before < was

        await eventually(beaten, seconds=3)
        release.set()


async def test_an_entry_that_was_taken_over_while_it_ran_is_logged(pipe: Pipe) -> None:
    release = asyncio.Event()
    before = lease_lost()

    async def slow(_: Probed, __: UnitOfWork) -> None:
        await release.wait()

    await pipe.publish(*events(1))
    with capture_logs() as logs:
        async with pipe.consuming(handler(slow, timeout=30)):
            await eventually(lambda: holds(pipe, "c1", 1))
            await pipe.group("thief").claim(0, "-", 10, 1)

            async def told() -> bool:
                return lease_lost() > before

            await eventually(told)
            release.set()

    (entry,) = await pipe.entries()
    assert entry.stream_id in [
        line["stream_id"] for line in logs if line["event"] == "event.taken_over"
    ]


async def test_what_runs_here_already_is_not_started_again(pipe: Pipe) -> None:
    """A group that is made anew delivers everything from the beginning."""
    await pipe.publish(*events(1))
    group, release = pipe.group(), asyncio.Event()

    async def slow(_: Probed, __: UnitOfWork) -> None:
        await release.wait()

    await group.ensure("0")
    hands = InFlight(
        group,
        pipe.dispatcher(handler(slow), group=group),
        PoisonIsolation(),
        concurrency=2,
        visibility_timeout=VISIBILITY,
    )
    async with asyncio.TaskGroup() as tasks:
        first = await group.read(1, 100)
        hands.start(first, tasks)
        known = asyncio.all_tasks()
        await pipe.broker.client.xgroup_destroy(pipe.key, SERVICE)
        await group.ensure("0")
        again = await group.read(1, 100)
        hands.start(again, tasks)

        assert [d.stream_id for d in first] == [d.stream_id for d in again]
        assert known == asyncio.all_tasks()
        assert [d.stream_id for d in first] == hands.stream_ids
        release.set()
    assert not await pipe.pending()


async def test_a_consumer_takes_nothing_for_abandoned_that_it_has_in_hand(pipe: Pipe) -> None:
    """Though its heartbeat is late, as in a process that was stopped: it would cost an attempt."""
    held = Held()
    await pipe.publish(*events(1))
    await abandon(pipe, 1)
    async with pipe.consuming(handler(held, timeout=30), visibility=60):
        await pipe.publish(*events(1))
        await held.started.wait()
        await look_abandoned(pipe, 60)
        await eventually(lambda: holds(pipe, "c1", 2))
        attempts = [entry["times_delivered"] for entry in await undecided(pipe)]
        held.release.set()

    assert [2, 1] == attempts


def lease_lost() -> float:
    """How many entries were found to be taken over."""
    return REGISTRY.get_sample_value("consumer_lease_lost_total", {"stream": STREAM}) or 0


async def idle(pipe: Pipe) -> int:
    """Milliseconds since the only pending entry gave a sign of life."""
    (entry,) = await undecided(pipe)
    return int(entry["time_since_delivered"])
