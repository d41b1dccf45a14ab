"""Cancelling and waiting: what asyncio of Python 3.11 loses, and waits that an event ends."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

_A = TypeVar("_A")
_B = TypeVar("_B")


def cancellations() -> int:
    """How often this task was told to end."""
    task = asyncio.current_task()
    return task.cancelling() if task else 0


@contextmanager
def cancellable() -> Iterator[None]:
    """End with CancelledError if the block was cancelled, whatever it ended with itself.

    A rollback that fails, because its connection broke, raises in the place of the cancellation.
    `asyncio.wait_for`, which the Redis client uses, loses one that comes when it has just got what
    it waited for; since Python 3.12 it does not.
    """
    before = cancellations()
    try:
        yield
    finally:
        if cancellations() > before:
            raise asyncio.CancelledError


async def wait(seconds: float, *events: asyncio.Event) -> None:
    """Wait until one of the events is set, at most for `seconds`."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for future in waiting:
            future.cancel()


async def both(first: Awaitable[_A], second: Awaitable[_B]) -> tuple[_A, _B]:
    """Do two things at a time, each to its end, whatever becomes of the other; raise then."""
    one, other = await asyncio.gather(first, second, return_exceptions=True)
    if isinstance(one, BaseException):
        raise one
    if isinstance(other, BaseException):
        raise other
    return one, other
