"""Published events put back into the outbox by hand: the chosen ones, and in their old order."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row

from orders.chassis.messaging.publishing.republish import Published, put_back, republish

from ..pipe import Pipe
from ..relaying import numbered, said


async def test_published_events_can_be_published_again_by_hand(pipe: Pipe) -> None:
    await pipe.publish(*numbered(3))
    chosen = numbered(1, start=3)[0]
    await pipe.publish(chosen)

    counts = [n async for n in republish(pipe.engine, Published(event_id=chosen.event_id))]
    await pipe.publish()

    assert counts == [1]
    assert ["0", "1", "2", "3", "3"] == await said(pipe)


async def test_a_dry_run_only_counts(pipe: Pipe) -> None:
    await pipe.publish(*numbered(3))

    everything = [n async for n in republish(pipe.engine, Published(), dry_run=True)]
    later = [
        n async for n in republish(pipe.engine, Published(since=datetime.now(UTC)), dry_run=True)
    ]
    foreign = [
        n async for n in republish(pipe.engine, Published(event_type="x.Y.v1"), dry_run=True)
    ]

    assert (everything, later, foreign) == ([3], [], [])
    assert not await pipe.rows("SELECT 1 FROM outbox")


async def test_events_of_some_hours_are_published_again(pipe: Pipe) -> None:
    """By the time of their commits, not of their publishing."""
    await pipe.publish(*numbered(4))
    await pipe.rows("UPDATE outbox_sent SET created_at = now() - id * interval '1 hour'")
    now = datetime.now(UTC)
    old, ids = timedelta(minutes=30), [row.id for row in await sent(pipe)]
    since, until = now - timedelta(hours=ids[2]) - old, now - timedelta(hours=ids[1]) + old

    counts = [n async for n in republish(pipe.engine, Published(since=since, until=until))]
    await pipe.publish()

    assert counts == [2]
    assert ["0", "1", "2", "3", "1", "2"] == await said(pipe)


async def test_what_was_published_once_more_meanwhile_is_left_where_it_is(pipe: Pipe) -> None:
    (event,) = numbered(1)
    await pipe.publish(event)
    known = await sent(pipe)
    await pipe.publish(event)

    async with pipe.engine.begin() as transaction:
        await put_back(transaction, known)

    assert not await pipe.rows("SELECT 1 FROM outbox")
    assert len(await sent(pipe)) == 1


async def test_an_event_whose_old_number_is_taken_waits_for_it(pipe: Pipe) -> None:
    """As after a backup was restored: nothing may fail for it, and nothing be dropped."""
    await pipe.publish(*numbered(2))
    taken, free = await sent(pipe)
    await pipe.rows(
        "INSERT INTO outbox (id, event_id, stream, attributes, data)"
        " VALUES (:id, gen_random_uuid(), 'other', '{}', '{}')",
        id=taken.id,
    )

    async with pipe.engine.begin() as transaction:
        await put_back(transaction, [taken, free])

    assert [taken.event_id] == [row.event_id for row in await sent(pipe)]
    assert len(await pipe.rows("SELECT 1 FROM outbox")) == 2


async def sent(pipe: Pipe) -> Sequence[Row[Any]]:
    """What is known to have been published, the oldest first."""
    return await pipe.rows("SELECT * FROM outbox_sent ORDER BY id")
