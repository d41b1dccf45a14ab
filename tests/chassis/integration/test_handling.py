"""What becomes of one event: each handler applies it once, fails, or gives it up."""

import asyncio
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from orders.chassis.messaging.consuming.retry_policy import Permanent
from orders.chassis.messaging.unit_of_work import UnitOfWork

from ..deliveries import abandon, events
from ..pipe import VISIBILITY, Pipe, Probed, handler, leave_effect
from ..service import SERVICE


async def test_every_event_is_handled_once(pipe: Pipe) -> None:
    emitted = events(30)
    await pipe.publish(*emitted)

    async with pipe.consuming(handler()):
        await pipe.acknowledged(30)

    assert sorted(event.event_id for event in emitted) == sorted(await pipe.effects())


async def test_an_event_published_twice_has_one_effect(pipe: Pipe) -> None:
    event = Probed(aggregate_id="a")
    await pipe.emit(event, event, event)
    await pipe.publish()

    async with pipe.consuming(handler()):
        await pipe.acknowledged(3)

    assert [event.event_id] == await pipe.effects()


async def test_two_handlers_of_one_event_both_run(pipe: Pipe) -> None:
    event = Probed(aggregate_id="a")
    await pipe.publish(event)

    async with pipe.consuming(handler(name="one"), handler(name="two")):
        await pipe.acknowledged(1)

    assert [event.event_id] * 2 == await pipe.effects()


async def test_a_handler_that_succeeded_is_not_run_again_for_one_that_failed(pipe: Pipe) -> None:
    fails = [ValueError("not yet"), ValueError("not yet")]

    async def sometimes(probed: Probed, uow: UnitOfWork) -> None:
        await leave_effect(probed, uow)
        if fails:
            raise fails.pop()

    event = Probed(aggregate_id="a")
    await pipe.publish(event)
    async with pipe.consuming(handler(name="one"), handler(sometimes, name="two")):
        await pipe.acknowledged(1)

    assert [event.event_id] * 2 == await pipe.effects()


async def test_a_failure_leaves_no_effect_and_is_tried_again_later(pipe: Pipe) -> None:
    tries: list[float] = []

    async def second_time(probed: Probed, uow: UnitOfWork) -> None:
        tries.append(monotonic())
        await leave_effect(probed, uow)
        if len(tries) == 1:
            raise ValueError("not yet")

    event = Probed(aggregate_id="a")
    await pipe.publish(event)
    async with pipe.consuming(handler(second_time)):
        await pipe.acknowledged(1)

    assert [event.event_id] == await pipe.effects()
    assert tries[1] - tries[0] >= VISIBILITY / 16


async def test_an_event_that_always_fails_is_a_dead_letter_and_holds_up_nobody(pipe: Pipe) -> None:
    async def picky(probed: Probed, uow: UnitOfWork) -> None:
        if probed.text == "bad":
            raise ValueError("password=hunter2")
        await leave_effect(probed, uow)

    bad, others = Probed(aggregate_id="bad", text="bad"), events(20)
    await pipe.publish(bad, *others)
    async with pipe.consuming(handler(picky), concurrency=2, max_attempts=3):
        await pipe.acknowledged(21)

    (letter,) = await pipe.dead()
    assert (bad.event_id, "probed", "attempts", 3) == (
        letter.event_id,
        letter.handler,
        letter.reason,
        letter.attempts,
    )
    assert letter.error == "ValueError: password=***"
    assert "picky" in letter.traceback
    assert sorted(event.event_id for event in others) == sorted(await pipe.effects())


async def test_a_dead_letter_is_announced_on_a_stream_of_the_groups_own(pipe: Pipe) -> None:
    async def never(_: Probed, __: UnitOfWork) -> None:
        raise Permanent("closed")

    await pipe.publish(*events(1))
    async with pipe.consuming(handler(never)):
        await pipe.acknowledged(1)
    await pipe.publish()

    announced: Any = await pipe.broker.client.xrange(f"{pipe.key}.{SERVICE}.dlq")
    ((_, fields),) = announced
    assert fields[b"ce_type"] == b"eventsmith.DeadLetter.v1"
    assert b'"reason": "permanent"' in fields[b"data"]


async def test_an_entry_that_is_no_event_is_a_dead_letter_at_once(pipe: Pipe) -> None:
    await pipe.add(data=b"\xff\x00", ce_type="x")
    await pipe.add(hello="world")

    async with pipe.consuming(handler()):
        await pipe.acknowledged(2)

    letters = await pipe.dead()
    assert ["undecodable"] * 2 == [letter.reason for letter in letters]
    assert "base64:/wA=" in [letter.entry.get("data") for letter in letters]


async def test_a_payload_that_does_not_fit_takes_the_ordinary_retries(pipe: Pipe) -> None:
    """An older consumer may meet it; a newer one, in the same group, can read it."""
    await pipe.publish(*events(1))
    fields = dict((await pipe.entries())[0].fields)
    fields |= {b"data": b'{"text": 1}', b"ce_id": str(uuid4()).encode()}
    await pipe.broker.client.xadd(pipe.key, fields)  # type: ignore[arg-type]

    async with pipe.consuming(handler(), max_attempts=2):
        await pipe.acknowledged(2)

    (letter,) = await pipe.dead()
    assert ("attempts", 2) == (letter.reason, letter.attempts)


async def test_a_handler_that_takes_too_long_fails(pipe: Pipe) -> None:
    async def hang(_: Probed, __: UnitOfWork) -> None:
        await asyncio.Event().wait()

    await pipe.publish(*events(1))
    async with pipe.consuming(handler(hang, timeout=0.05), max_attempts=1):
        await pipe.acknowledged(1)

    assert ["timeout"] == [letter.reason for letter in await pipe.dead()]


async def test_a_handler_that_lets_a_cancellation_escape_has_failed(pipe: Pipe) -> None:
    runs = 0

    async def cancelled(_: Probed, __: UnitOfWork) -> None:
        nonlocal runs
        runs += 1
        raise asyncio.CancelledError

    await pipe.publish(*events(1))
    async with pipe.consuming(handler(cancelled), max_attempts=2):
        await pipe.acknowledged(1)

    assert (2, ["attempts"]) == (runs, [letter.reason for letter in await pipe.dead()])


async def test_a_handler_may_have_a_limit_of_its_own(pipe: Pipe) -> None:
    async def fail(_: Probed, __: UnitOfWork) -> None:
        raise ValueError("no")

    await pipe.publish(*events(1))
    once = handler(fail, name="once", max_attempts=1)
    async with pipe.consuming(once, handler(fail, name="twice"), max_attempts=2):
        await pipe.acknowledged(1)

    assert {"once": 1, "twice": 2} == {row.handler: row.attempts for row in await pipe.dead()}


async def test_its_own_limit_holds_for_consumers_that_died_as_well(pipe: Pipe) -> None:
    await pipe.publish(*events(1))
    await abandon(pipe, times=1)
    async with pipe.consuming(handler(name="once", max_attempts=1), handler(name="often")):
        await pipe.acknowledged(1)

    assert [("once", "crashed")] == [(row.handler, row.reason) for row in await pipe.dead()]
    assert len(await pipe.effects()) == 1


@pytest.mark.parametrize("batch", [None, 2])
async def test_what_a_handler_emits_names_its_cause_unless_there_are_several(
    pipe: Pipe, batch: int | None
) -> None:
    async def emit(_: object, uow: UnitOfWork) -> None:
        uow.emit(Probed(aggregate_id="b"))

    causes = events(2)
    await pipe.publish(*causes)
    async with pipe.consuming(handler(emit, batch=batch)):
        await pipe.acknowledged(2)

    found = await pipe.rows("SELECT attributes ->> 'ce_causationid' AS cause FROM outbox")
    named = {str(event.event_id) for event in causes} if batch is None else {None}
    assert named == {row.cause for row in found}


async def test_what_becomes_of_events_is_counted(pipe: Pipe) -> None:
    async def picky(probed: Probed, _: UnitOfWork) -> None:
        if probed.text == "bad":
            raise ValueError("no")

    good, bad = Probed(aggregate_id="a"), Probed(aggregate_id="a", text="bad")
    await pipe.emit(good, good, bad)
    await pipe.publish()
    async with pipe.consuming(handler(picky, name="counted"), max_attempts=2):
        await pipe.acknowledged(3)
    async with pipe.consuming(name="without handlers"):
        await pipe.publish(*events(1))
        await pipe.acknowledged(4)

    outcomes = {"done": 1, "duplicate": 1, "failed": 2}
    assert outcomes == {name: counted("handled", "counted", outcome=name) for name in outcomes}
    assert counted("dead_letters", "counted", reason="attempts") == 1
    assert counted("handler_seconds_count", "counted") == 1


def counted(what: str, handler_name: str, **labels: str) -> float | None:
    """A metric of the consumer about one handler."""
    total = "" if what.endswith("count") else "_total"
    return REGISTRY.get_sample_value(f"consumer_{what}{total}", {"handler": handler_name, **labels})
