"""The client of Redis: it repeats nothing by itself, and waits for no answer for ever."""

import asyncio

import pytest

from orders.chassis.errors import BrokerRefused, BrokerUnavailable
from orders.chassis.messaging import redis as broker_module
from orders.chassis.messaging.redis import Broker

from ..line import Line
from ..pipe import Pipe

ENTRY = ("{}", "{}")


async def test_what_redis_was_given_is_not_given_again_when_its_answer_is_lost(
    pipe: Pipe, redis_line: Line
) -> None:
    await pipe.roles_broker.publish(pipe.key, [ENTRY])
    redis_line.cut_before_the_next_answer()

    with pytest.raises(BrokerUnavailable):
        await pipe.roles_broker.publish(pipe.key, [ENTRY])

    assert len(await pipe.entries()) == 2


async def test_one_entry_that_cannot_be_added_keeps_all_of_them_out(pipe: Pipe) -> None:
    for attributes in ('{"ce_subject": null}', '{"ce_subject": {"hunter2": 1}}', '"hunter2"', "{"):
        with pytest.raises(BrokerRefused) as raised:
            await pipe.broker.publish(pipe.key, [ENTRY, (attributes, "{}")])
        assert "hunter2" not in str(raised.value)

    assert not await pipe.entries()


async def test_a_server_that_falls_silent_is_not_waited_for_for_ever(
    pipe: Pipe, redis_line: Line
) -> None:
    await pipe.group().ensure("0")
    redis_line.silence()

    for command in (pipe.roles_broker.ping(), pipe.group().read(1, block=100)):
        with pytest.raises(BrokerUnavailable, match="no answer"):
            async with asyncio.timeout(2):
                await command


@pytest.mark.parametrize("turns", range(12))
async def test_a_command_can_be_cancelled_at_any_moment(pipe: Pipe, turns: int) -> None:
    """`asyncio.wait_for` loses a cancellation that comes with what it waited for."""
    await pipe.broker.ping()
    command = asyncio.create_task(pipe.broker.ping())
    for _ in range(turns):
        await asyncio.sleep(0)

    if command.cancel():
        with pytest.raises(asyncio.CancelledError):
            await command


async def test_a_read_may_block_for_longer_than_an_answer_may_take(
    pipe: Pipe, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker_module, "TIMEOUT", 0.1)
    async with Broker(redis_url, blocking=0.3) as pipe.broker:
        await pipe.group().ensure("0")

        assert await pipe.group().read(1, block=300) == []
