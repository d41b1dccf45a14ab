"""An outage behind the handlers: the breaker opens, and no event is given up for it."""

import asyncio

import pytest

from orders.chassis.messaging.consuming import circuit_breaker as breaker
from orders.chassis.messaging.consuming.retry_policy import Permanent
from orders.chassis.messaging.unit_of_work import UnitOfWork

from ..deliveries import events, ready, says
from ..pipe import VISIBILITY, Pipe, Probed, eventually, handler, leave_effect


async def test_an_outage_behind_the_handlers_makes_no_dead_letters(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More events than attempts could last for: the breaker opens, probes, and closes."""
    monkeypatch.setattr(breaker, "THRESHOLD", 3)
    available = asyncio.Event()
    calls = 0

    async def downstream(probed: Probed, uow: UnitOfWork) -> None:
        nonlocal calls
        calls += 1
        if not available.is_set():
            raise ConnectionRefusedError
        await leave_effect(probed, uow)

    await pipe.publish(*events(40))
    async with pipe.consuming(handler(downstream), max_attempts=2, concurrency=2):
        await eventually(lambda: says(pipe, "one event after another"))
        seen = calls
        await asyncio.sleep(VISIBILITY * 2)  # time for several retries, were there no breaker
        assert calls - seen <= 3
        available.set()
        await pipe.acknowledged(40)
        await eventually(lambda: ready(pipe))

    assert len(await pipe.effects()) == 40
    assert not await pipe.dead()


async def test_events_that_are_given_up_at_once_are_no_sign_of_an_outage(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "THRESHOLD", 2)

    async def refuse(_: Probed, __: UnitOfWork) -> None:
        raise Permanent("closed")

    await pipe.publish(*events(5))
    async with pipe.consuming(handler(refuse), concurrency=1) as consumer:
        await pipe.acknowledged(5)

        assert not consumer._dispatcher.policy.breaker.open_for
    assert [("permanent", 1)] * 5 == [(row.reason, row.attempts) for row in await pipe.dead()]


async def test_a_copy_of_what_was_handled_before_is_no_sign_that_an_outage_is_over(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "THRESHOLD", 2)

    async def fail(_: Probed, __: UnitOfWork) -> None:
        raise ConnectionRefusedError

    *new, handled = events(3)
    await pipe.rows("INSERT INTO inbox VALUES ('probed', :id, 'done')", id=handled.event_id)
    await pipe.publish(*new, handled)
    dispatcher = pipe.dispatcher(handler(fail))

    retried = [bool(await dispatcher.handle([entry])) for entry in await pipe.entries()]

    assert [True, True, False] == retried
    assert ["probed"] == dispatcher.policy.breaker.open_for
