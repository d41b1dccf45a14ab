"""Work in small batches, with pauses in which the servers do what is more urgent."""

import asyncio
from collections.abc import Awaitable, Callable

from prometheus_client import Counter

PAUSE = 0.02
"""Seconds between two batches."""


async def in_small_batches(batch: Callable[[], Awaitable[int]], done: Counter) -> int:
    """Repeat a batch until it finds nothing left to do; returns how much was done."""
    total = 0
    while count := await batch():
        done.inc(count)
        total += count
        await asyncio.sleep(PAUSE)
    return total
