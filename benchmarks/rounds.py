"""Measuring in turns: A B A B …, so that whatever else the machine does meets all alike."""

import sys
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


def in_turns(contestants: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Measure every contestant once a round; what each one came to, in the order of the rounds."""
    found: dict[str, list[T]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name, measure in contestants.items():
            print(f"{number + 1}/{rounds} {name}", file=sys.stderr)
            found[name].append(measure())
    return found


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def rate(
    progress: Callable[[], int], total: int, *, longest: float = 20, start: float = 60
) -> float:
    """How many a second, watched from outside while somebody else works from 0 to `total`.

    The first 5 % are left out, because processes start and connect then, and so is whatever comes
    `longest` seconds later. Raises TimeoutError where nothing happens for `start` seconds.
    """
    began, begun_at, first = 0, 0.0, max(1, total // 20)
    last, moved = 0, time.perf_counter()
    seen = moved
    while True:
        done, now = progress(), time.perf_counter()
        if not begun_at and done >= first:
            # All of it between two looks: then the time between them is the best there is.
            began, begun_at = (done, now) if done < total else (last, seen)
        if done != last:
            moved, last = now, done
        seen = now
        if begun_at and (done >= total or (now - begun_at > longest and done > began)):
            return (done - began) / (now - begun_at)
        if now - moved > start:
            raise TimeoutError(f"{done} of {total} were done, and then nothing for {start} s")
        time.sleep(0.005)
