"""The pace of the janitor: small batches, with pauses that the servers have for the pipe."""

import asyncio
from collections.abc import Awaitable, Callable

from prometheus_client import Counter

PAUSE = 0.02
"""Seconds between two batches."""


async def in_batches(batch: Callable[[], Awaitable[int]], done: Counter) -> int:
    """Repeat a batch until it finds nothing left to do; returns how much was done."""
    total = 0
    while count := await batch():
        done.inc(count)
        total += count
        await asyncio.sleep(PAUSE)
    return total
