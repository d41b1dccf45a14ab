"""A batch goes out part by part: Redis takes one while Postgres moves the one before it.

These batches are so small that each event is a part of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest

from orders.chassis.errors import BrokerUnavailable
from orders.chassis.messaging.publishing import batch, pending_batch, stream_writer
from orders.chassis.messaging.redis import Broker

from ..pipe import Pipe
from ..relaying import numbered, said

LONG = 5.0
BROKEN = ("broken", "eventsmith.Probe.v1", "a", "{}")
Publish = Callable[..., Awaitable[Sequence[str]]]


@pytest.fixture(autouse=True)
async def looked_behind(pipe: Pipe) -> None:
    """The connection on which the batch begins."""
    await pipe.broker.ping()


def at_call(
    monkeypatch: pytest.MonkeyPatch, number: int, work: Callable[[], Awaitable[object]]
) -> None:
    """Do something before the so-manieth part is given to Redis."""
    publish: Publish = Broker.publish
    calls = 0

    async def and_work(*arguments: Any) -> Sequence[str]:
        nonlocal calls
        calls += 1
        if calls == number:
            await work()
        return await publish(*arguments)

    monkeypatch.setattr(Broker, "publish", and_work)


async def test_the_parts_of_a_batch_keep_their_order_and_their_places(pipe: Pipe) -> None:
    await pipe.emit(*numbered(5))

    published = await pipe.batches(size=4).publish_next()

    sent = await pipe.rows("SELECT stream_id FROM outbox_sent ORDER BY id")
    assert published.count == 4
    assert ["0", "1", "2", "3"] == await said(pipe)
    assert [entry.stream_id for entry in await pipe.entries()] == [row.stream_id for row in sent]
    assert len(await pipe.rows("SELECT 1 FROM outbox")) == 1


async def test_redis_takes_a_part_while_postgres_moves_the_one_before(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, move = asyncio.Barrier(2), pending_batch.PendingBatch.move
    moved: set[int] = set()

    async def meet() -> None:
        async with asyncio.timeout(LONG):
            await both.wait()

    async def and_meet(self: pending_batch.PendingBatch, stream_ids: Mapping[int, str]) -> None:
        if stream_ids and not moved:
            await meet()
        moved.update(stream_ids)
        await move(self, stream_ids)

    await pipe.emit(*numbered(2))
    at_call(monkeypatch, 2, meet)
    monkeypatch.setattr(pending_batch.PendingBatch, "move", and_meet)

    assert (await pipe.batches(size=9).publish_next()).count == 2


async def test_what_went_out_before_an_outage_is_recorded(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise BrokerUnavailable("gone")

    await pipe.emit(*numbered(3))
    with monkeypatch.context() as broken:
        at_call(broken, 2, fail)
        with pytest.raises(BrokerUnavailable, match="gone"):
            await pipe.batches(size=9).publish_next()
    await pipe.publish()

    assert ["0", "1", "2"] == await said(pipe)


async def test_what_comes_behind_a_refusal_does_not_overtake_it(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its stream takes entries again, in the midst of the batch."""
    broken = pipe.prefix + BROKEN[0]

    async def mend() -> None:
        await pipe.broker.client.delete(broken)

    async with pipe.units.open() as uow:
        uow.announce(*BROKEN)
    await pipe.emit(*numbered(1))
    async with pipe.units.open() as uow:
        uow.announce(*BROKEN)
    await pipe.broker.client.set(broken, "no stream")
    at_call(monkeypatch, 2, mend)

    with pytest.raises(BrokerUnavailable, match="WRONGTYPE"):
        await pipe.batches(size=9).publish_next()

    assert ["0"] == await said(pipe)
    assert await pipe.broker.client.xlen(broken) == 0
    monkeypatch.setattr(batch, "REFUSED", 0)
    await pipe.publish()
    assert await pipe.broker.client.xlen(broken) == 2


async def test_a_batch_ends_where_its_connection_is_a_new_one(
    pipe: Pipe, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is behind it is looked at before the next batch. Nothing was skipped meanwhile."""
    async with Broker(redis_url) as broker:

        async def cut() -> None:
            await broker.client.connection_pool.disconnect()

        await pipe.emit(*numbered(4))
        await broker.ping()
        at_call(monkeypatch, 2, cut)
        batches = pipe.batches(size=3, broker=broker)

        assert (await batches.publish_next()).count == 2
        assert (await batches.publish_next()).count == 2

    assert ["0", "1", "2", "3"] == await said(pipe)


async def test_nothing_more_goes_out_on_a_new_connection(
    pipe: Pipe, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even of the same part, to another stream; and what was left out comes next."""
    async with Broker(redis_url) as broker:
        await pipe.emit(*numbered(1))
        async with pipe.units.open() as uow:
            uow.announce(*BROKEN)
        await pipe.emit(*numbered(1, start=1))
        await broker.ping()
        at_call(monkeypatch, 1, broker.client.connection_pool.disconnect)
        batches = pipe.batches(size=3 * pending_batch.PARTS, broker=broker)

        assert (await batches.publish_next()).count == 2
        assert not await pipe.broker.client.exists(pipe.prefix + BROKEN[0])
        assert (await batches.publish_next()).count == 1

    assert ["0", "1"] == await said(pipe)


async def test_a_slow_redis_is_not_given_the_same_for_ever(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it took in time is recorded, be there ever so much more."""
    monkeypatch.setattr(stream_writer, "ENOUGH", 0.0)
    await pipe.emit(*numbered(3))
    batches = pipe.batches(size=9)

    assert (await batches.publish_next()).count == 1
    await pipe.publish()

    assert ["0", "1", "2"] == await said(pipe)
