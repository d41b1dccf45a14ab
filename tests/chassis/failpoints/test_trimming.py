"""Killed while a stream is trimmed: what went is not taken for lost, what stayed goes later."""

from datetime import timedelta

import pytest

from orders.chassis.messaging.upkeep.trim_streams import Trimmer

from ..pipe import STREAM, Pipe, handler, numbered
from .outcomes import published, repaired
from .victims import Victims


async def publish_long_ago(pipe: Pipe, count: int) -> None:
    """Publish events that were in the stream, and handled, in 1970."""
    await pipe.publish(*numbered(count))
    entries = await pipe.entries()
    await pipe.broker.client.delete(pipe.key)
    for number, entry in enumerate(entries, 1):
        old, new = entry.stream_id, f"{number}-0"
        await pipe.broker.client.xadd(pipe.key, dict(entry.fields), id=new)  # type: ignore[arg-type]
        moved = "UPDATE outbox_sent SET stream_id = :new WHERE stream_id = :old"
        await pipe.rows(moved, new=new, old=old)
    async with pipe.consuming(handler()):
        await pipe.acknowledged(count)


@pytest.mark.parametrize(
    ("window", "left"), [("after-the-trim-mark", 4), ("after-the-first-chunk", 1)]
)
async def test_a_janitor_that_is_killed_brings_nothing_back_and_the_next_one_goes_on(
    pipe: Pipe, victims: Victims, window: str, left: int
) -> None:
    await publish_long_ago(pipe, 3)
    await pipe.publish(*numbered(1))
    await victims.kill_at(window, "relay")
    assert left == len(await pipe.entries())

    await repaired(pipe)
    assert left == len(await pipe.entries())

    week = timedelta(days=7)
    next_one = Trimmer(pipe.engine, pipe.broker, key_prefix=pipe.prefix, retention=week)
    await next_one.trim(STREAM)
    assert ["0"] == await published(pipe)
