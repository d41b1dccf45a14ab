"""Outages of Redis: decisions meanwhile are acknowledged when it is back, and cost no attempt."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from orders.chassis.errors import BrokerUnavailable
from orders.chassis.messaging.consuming import consumer
from orders.chassis.messaging.consuming.in_flight import InFlight

from ..deliveries import Held, events, look_abandoned, ready
from ..line import Line
from ..pipe import VISIBILITY, Pipe, eventually, handler, jittered

CONFLICT = "DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END $$"


async def logged(logs: Sequence[Mapping[str, Any]], event: str) -> None:
    """Wait for a line of the log."""

    async def found() -> bool:
        return event in [line["event"] for line in logs]

    await eventually(found)


async def test_what_was_handled_meanwhile_is_acknowledged_without_another_delivery(
    pipe: Pipe, redis_line: Line
) -> None:
    held = Held()
    await pipe.publish(*events(1))
    with capture_logs() as logs:
        async with pipe.consuming(handler(held), visibility=60):
            await held.started.wait()
            redis_line.silence()
            held.release.set()
            await logged(logs, "event.not_acknowledged")
            redis_line.restore()
            await pipe.acknowledged(1)

    assert len(await pipe.effects()) == 1


async def test_an_uncounted_retry_meanwhile_is_parked_uncounted(
    pipe: Pipe, redis_line: Line
) -> None:
    """Left to be taken over, it would come back as one attempt more: here the last one."""
    held = Held(fails=CONFLICT)
    await pipe.publish(*events(1))
    with capture_logs() as logs:
        async with pipe.consuming(handler(held), max_attempts=1):
            await held.started.wait()
            redis_line.silence()
            held.release.set()
            await logged(logs, "event.not_acknowledged")
            await look_abandoned(pipe, VISIBILITY)
            redis_line.restore()
            await pipe.acknowledged(1)

    assert len(await pipe.effects()) == 1
    assert [1] == [line["attempt"] for line in logs if line["event"] == "event.handled"]


async def test_what_others_have_in_hand_is_left_to_them_until_their_heartbeats_can_be_there(
    pipe: Pipe, redis_line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an outage everything looks abandoned, and to take it over would cost an attempt."""
    monkeypatch.setattr(InFlight, "beat", 10.0)
    owner = pipe.group("owner")
    await pipe.publish(*events(1))
    await owner.ensure("0")
    (delivery,) = await owner.read(1, 100)
    with capture_logs() as logs:
        async with pipe.consuming(handler()):
            await eventually(lambda: ready(pipe))
            redis_line.silence()
            await logged(logs, "consumer.waiting")
            await look_abandoned(pipe, VISIBILITY)
            redis_line.restore()
            await eventually(lambda: ready(pipe))

            assert not await owner.touch([delivery.stream_id])
    assert {"owner": 1} == await pipe.pending()


async def test_heartbeats_that_fail_end_nothing(pipe: Pipe, redis_line: Line) -> None:
    held = Held()
    await pipe.publish(*events(1))
    with capture_logs() as logs:
        async with pipe.consuming(handler(held, timeout=30)):
            await held.started.wait()
            redis_line.silence()
            await logged(logs, "heartbeat.failed")
            redis_line.restore()
            held.release.set()
            await pipe.acknowledged(1)

    assert len(await pipe.effects()) == 1


@pytest.mark.parametrize("fails", ["", CONFLICT])
async def test_a_flush_while_an_event_is_handled_ends_nothing(pipe: Pipe, fails: str) -> None:
    """There is nothing to keep alive any more, nor to acknowledge or park."""
    held = Held(fails)
    await pipe.publish(*events(1))
    with capture_logs() as logs:
        async with pipe.consuming(handler(held, timeout=30), concurrency=1):  # reads nothing else
            await held.started.wait()
            await pipe.broker.client.delete(pipe.key)
            await logged(logs, "heartbeat.failed")
            held.release.set()
            await pipe.publish(*events(1))
            await pipe.acknowledged(1)

    assert len(await pipe.effects()) == 2 - bool(fails)


async def test_what_cannot_be_released_ends_nothing(pipe: Pipe, redis_line: Line) -> None:
    held = Held()
    await pipe.publish(*events(1))
    with capture_logs() as logs:
        async with pipe.consuming(handler(held, timeout=30), drain=0.05):
            await held.started.wait()
            redis_line.silence()

    told = [line["event"] for line in logs]
    assert told.index("event.not_released") < told.index("consumer.not_removed")
    redis_line.restore()
    async with pipe.consuming(handler(), name="c2"):
        await pipe.acknowledged(1)
    assert len(await pipe.effects()) == 1


async def test_it_is_waited_for_ever_longer_and_forgotten_when_it_is_over(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited, stopping = list[float](), asyncio.Event()

    async def note(seconds: float, *_: asyncio.Event) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            await pipe.broker.client.delete(pipe.key)
        if len(waited) == 4:
            stopping.set()

    monkeypatch.setattr(consumer, "wait", note)
    await pipe.broker.client.set(pipe.key, "no stream")
    async with pipe.consuming(handler(), stopping=stopping):
        await eventually(lambda: ready(pipe))
        await pipe.broker.client.set(pipe.key, "no stream")
        await stopping.wait()

    assert jittered(waited, (0.2, 0.4, 0.8, 0.2))


async def test_everyone_who_waits_for_an_acknowledgement_that_fails_is_told(
    pipe: Pipe, redis_line: Line
) -> None:
    await pipe.publish(*events(3))
    group = pipe.group()
    await group.ensure("0")
    ids = [delivery.stream_id for delivery in await group.read(3, 100)]
    redis_line.silence()

    told = await asyncio.gather(*(group.ack([one]) for one in ids), return_exceptions=True)

    assert [type(error) for error in told] == [BrokerUnavailable] * 3
    redis_line.restore()
    await asyncio.gather(*(group.ack([one]) for one in ids))
    assert await pipe.pending() == {}
