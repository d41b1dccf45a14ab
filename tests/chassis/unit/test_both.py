"""Two things done at a time: each ends before anybody goes on, whatever becomes of the other."""

import asyncio

import pytest

from orders.chassis.waiting import both


async def test_what_both_come_to_is_returned_in_their_order() -> None:
    async def number() -> int:
        await asyncio.sleep(0)
        return 1

    async def word() -> str:
        return "one"

    assert await both(number(), word()) == (1, "one")


@pytest.mark.parametrize("first", [True, False])
async def test_one_that_fails_does_not_end_the_other(first: bool) -> None:
    ended = False

    async def fail() -> None:
        raise ValueError("no")

    async def go_on() -> None:
        nonlocal ended
        for _ in range(5):
            await asyncio.sleep(0)
        ended = True

    with pytest.raises(ValueError, match="no"):
        await (both(fail(), go_on()) if first else both(go_on(), fail()))

    assert ended


async def test_a_cancellation_ends_both_before_it_is_passed_on() -> None:
    began, ended = asyncio.Barrier(3), []

    async def wait(name: str) -> None:
        try:
            await began.wait()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    task = asyncio.create_task(both(wait("one"), wait("other")))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert sorted(ended) == ["one", "other"]
