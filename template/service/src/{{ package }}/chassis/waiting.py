"""Waiting: growing waits between tries, waits that an event ends, and what cancels a wait."""

import asyncio
import random
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

_A = TypeVar("_A")
_B = TypeVar("_B")


class Backoff:
    """Growing waits between tries, each with jitter; times in seconds."""

    def __init__(self, first: float, most: float) -> None:
        self._first = first
        self._most = most
        self._failures = 0

    def reset(self) -> None:
        """Start anew after a success."""
        self._failures = 0

    def next(self) -> float:
        """The wait before the next try."""
        ceiling = min(self._most, self._first * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return random.uniform(0.5, 1) * ceiling


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
