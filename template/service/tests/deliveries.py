"""Deliveries for tests: events, entries whose consumers died, and who holds how many."""

from .pipe import Pipe, Probed


def events(count: int) -> list[Probed]:
    """So many events, each about an aggregate of its own."""
    return [Probed(aggregate_id=str(number)) for number in range(count)]


async def abandon(pipe: Pipe, times: int) -> None:
    """Have everything delivered so often to consumers that die."""
    lost = pipe.group("lost")
    await lost.ensure("0")
    await lost.read(100, 100)
    for _ in range(times - 1):
        await lost.claim(0, "-", 100, 100)


async def holds(pipe: Pipe, consumer: str, count: int) -> bool:
    """Whether a consumer has so many pending entries."""
    return (await pipe.pending()).get(consumer) == count
