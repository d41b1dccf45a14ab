"""What the probes report: whether a role's loops still turn, and what keeps it from working."""

import asyncio
import random
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import TypeVar

_A = TypeVar("_A")
_B = TypeVar("_B")

STALLED = 180.0
"""Seconds without a turn of a loop after which the process is not alive; longer than any wait."""


class Health:
    """The state of one process, written by its loops and read by its probes."""

    def __init__(self) -> None:
        self._beats: dict[str, float] = {}
        self._problems: dict[str, str] = {}

    def beat(self, loop: str) -> None:
        """Note that a loop turned."""
        self._beats[loop] = monotonic()

    def working(self, part: str) -> bool:
        """Note that a part works; True if that is news."""
        return self._problems.pop(part, None) is not None

    def failing(self, part: str, reason: str) -> None:
        """Note why a part does not work."""
        self._problems[part] = reason

    @property
    def problems(self) -> Mapping[str, str]:
        """Why this process is not ready, by part."""
        return self._problems

    @property
    def stalled(self) -> list[str]:
        """The loops that have stopped turning. No server can cause this; only a restart helps."""
        now = monotonic()
        return [loop for loop, at in self._beats.items() if now - at > STALLED]


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
