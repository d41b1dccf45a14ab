"""The consumer: how much it takes, how it starts and stops, and how it heals what is gone."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis.exceptions import ResponseError
from structlog.testing import capture_logs

from orders.chassis.messaging.consuming.group import Group
from orders.chassis.messaging.redis import PARKED, Delivery, GroupMissing
from orders.chassis.messaging.unit_of_work import UnitOfWork

from ..deliveries import events, holds, ready, says
from ..pipe import VISIBILITY, Pipe, Probed, eventually, handler, leave_effect
from ..service import SERVICE


async def test_no_more_is_read_than_there_are_free_slots(pipe: Pipe) -> None:
    release = asyncio.Event()

    async def wait(_: Probed, __: UnitOfWork) -> None:
        await release.wait()

    await pipe.publish(*events(10))
    async with pipe.consuming(handler(wait), concurrency=3):
        await eventually(lambda: holds(pipe, "c1", 3))
        await asyncio.sleep(VISIBILITY)  # several turns of the loop, in which nothing may change
        assert {"c1": 3} == await pipe.pending()
        release.set()
        await pipe.acknowledged(10)


async def test_a_flushed_server_is_healed_while_running(pipe: Pipe) -> None:
    async with pipe.consuming(handler()):
        await pipe.publish(*events(1))
        await pipe.acknowledged(1)
        await pipe.broker.client.delete(pipe.key)
        await pipe.publish(*events(2))

        await pipe.acknowledged(2)

    assert len(await pipe.effects()) == 3


@pytest.mark.parametrize("said", ["UNBLOCKED the stream key no longer exists", "NOGROUP No such"])
async def test_a_key_that_is_gone_is_told_in_several_ways(pipe: Pipe, said: str) -> None:
    with pytest.raises(GroupMissing), pipe.broker.translated():
        raise ResponseError(said)


async def test_a_consumer_that_stops_finishes_what_it_can_and_releases_the_rest(
    pipe: Pipe,
) -> None:
    started, attempts = asyncio.Event(), []

    async def endless(probed: Probed, uow: UnitOfWork) -> None:
        await leave_effect(probed, uow)
        started.set()
        await asyncio.Event().wait()

    await pipe.publish(*events(1))
    for _ in range(4):  # more often than attempts are allowed: a deploy is no failure
        started.clear()
        async with pipe.consuming(handler(endless), drain=0.05, max_attempts=3):
            await started.wait()
        attempts.append(await pipe.pending())

    assert [{PARKED: 1}] * 4 == attempts
    assert await pipe.effects() == []
    async with pipe.consuming(handler(), max_attempts=3):
        await pipe.acknowledged(1)
    assert len(await pipe.effects()) == 1


async def test_a_consumer_that_stopped_is_removed_from_the_group(pipe: Pipe) -> None:
    await pipe.publish(*events(1))

    async with pipe.consuming(handler()):
        await pipe.acknowledged(1)

    assert [] == await pipe.broker.client.xinfo_consumers(pipe.key, SERVICE)


async def test_a_consumer_that_holds_entries_is_not_removed(pipe: Pipe) -> None:
    await pipe.publish(*events(1))
    group = pipe.group("c1")
    await group.ensure("0")
    await group.read(1, 100)

    assert not await group.leave()
    assert {"c1": 1} == await pipe.pending()


async def test_a_group_that_starts_now_skips_what_came_before(pipe: Pipe) -> None:
    before, after = events(2)
    await pipe.publish(before)
    async with pipe.consuming(handler(), start="$"):
        await eventually(lambda: ready(pipe))
        await pipe.publish(after)
        await pipe.acknowledged(2)

    assert [after.event_id] == await pipe.effects()


async def test_a_group_that_is_lost_while_it_runs_skips_nothing_however_it_started(
    pipe: Pipe,
) -> None:
    await pipe.publish(*events(3))
    entries = await pipe.entries()
    async with pipe.consuming(handler(), start="$"):
        await eventually(lambda: ready(pipe))
        again = pipe.broker.client.pipeline(transaction=True)
        again.delete(pipe.key)
        for entry in entries:  # back before the consumer can notice
            fields: dict[Any, Any] = dict(entry.fields)
            again.xadd(pipe.key, fields)
        await again.execute()
        await pipe.acknowledged(3)

    assert len(await pipe.effects()) == 3


async def stopped_in_its_read(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch, then: Callable[[], Awaitable[object]]
) -> None:
    """Run a consumer that is told to stop while it reads, whereupon something happens."""
    read, stopping = Group.read, asyncio.Event()

    async def stop_and_read(group: Group, count: int, block: int) -> list[Delivery]:
        stopping.set()
        await then()
        return await read(group, count, block)

    with monkeypatch.context() as reading:
        reading.setattr(Group, "read", stop_and_read)
        async with pipe.consuming(handler(), stopping=stopping):
            await stopping.wait()


async def test_what_is_read_while_it_stops_is_released(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read cannot be cancelled: what it brings after all is given up, uncounted."""
    await stopped_in_its_read(pipe, monkeypatch, lambda: pipe.publish(*events(1)))

    assert {PARKED: 1} == await pipe.pending()
    assert not await pipe.effects()
    (delivery,) = (await pipe.group("c2").claim(int(VISIBILITY * 1000), "-", 10, 1)).deliveries
    assert delivery.attempt == 1


@pytest.mark.parametrize("become", ["nothing", "another kind"])
async def test_a_consumer_whose_stream_is_gone_when_it_stops_ends_all_the_same(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch, become: str
) -> None:
    async def spoil() -> None:
        await pipe.broker.client.delete(pipe.key)
        if become == "another kind":
            await pipe.broker.client.set(pipe.key, "no stream")

    with capture_logs() as logs:
        await stopped_in_its_read(pipe, monkeypatch, spoil)

    assert logs[-1]["event"] == "consumer.not_removed"


async def test_a_key_of_another_kind_is_reported_and_waited_for(pipe: Pipe) -> None:
    """The consumers of the other streams, in the same process, go on."""
    await pipe.broker.client.set(pipe.key, "no stream")

    async with pipe.consuming(handler()):
        await eventually(lambda: says(pipe, "WRONGTYPE"))
        await pipe.broker.client.delete(pipe.key)
        await pipe.publish(*events(1))
        await pipe.acknowledged(1)
        await eventually(lambda: ready(pipe))
    assert len(await pipe.effects()) == 1
