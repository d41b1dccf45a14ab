"""The state at a glance: true with a real backlog, and where the server does not know its lag."""

from typing import Any

from orders.chassis.messaging.observing import status
from orders.chassis.messaging.observing.status import GroupStatus

from ..deliveries import events
from ..pipe import STREAM, Pipe
from ..service import SERVICE


async def groups(pipe: Pipe) -> list[GroupStatus]:
    """The groups of the test's stream, and of one that does not exist."""
    return await status.groups(pipe.broker, [STREAM, "nowhere"], pipe.prefix)


async def test_unpublished_events_are_counted_with_the_age_of_the_oldest(pipe: Pipe) -> None:
    await pipe.emit(*events(3))
    await pipe.rows("UPDATE outbox SET created_at = created_at - interval '1 hour' WHERE id = 1")

    backlog = await status.backlog(pipe.engine)

    assert backlog.pending == 3
    assert 3600 <= backlog.oldest_seconds < 3660


async def test_an_empty_outbox_has_no_age(pipe: Pipe) -> None:
    assert status.Backlog(0, 0) == await status.backlog(pipe.engine)


async def test_a_group_is_shown_with_its_unread_pending_and_parked_entries(pipe: Pipe) -> None:
    await pipe.publish(*events(6))
    group = pipe.group("c1")
    await group.ensure("0")
    done, waits, _ = await group.read(3, 100)
    await group.ack([done.stream_id])
    await group.park(waits.stream_id, 0, 1)

    (told,) = await groups(pipe)

    assert 0 <= told.oldest_pending_seconds < 60
    counts = {"lag": 3, "pending": 2, "parked": 1, "consumers": 1}
    assert told == GroupStatus(
        STREAM, SERVICE, oldest_pending_seconds=told.oldest_pending_seconds, **counts
    )


async def test_where_retries_wait_is_no_consumer_when_none_waits_any_more(pipe: Pipe) -> None:
    await pipe.publish(*events(1))
    group = pipe.group("c1")
    await group.ensure("0")
    (entry,) = await group.read(1, 100)
    await group.park(entry.stream_id, 0, 1)
    await group.ack([entry.stream_id])

    (told,) = await groups(pipe)

    assert (told.parked, told.consumers) == (0, 1)


async def test_a_lag_that_the_server_does_not_know_is_counted(pipe: Pipe) -> None:
    """Redis 7.0 forgets it when it restarts, and every server when an unread entry is deleted."""
    await pipe.publish(*events(6))
    group = pipe.group("c1")
    await group.ensure("0")
    await group.read(2, 100)
    await pipe.broker.client.xdel(pipe.key, (await pipe.entries())[3].stream_id)
    info: Any = (await pipe.broker.client.xinfo_groups(pipe.key))[0]
    assert info["lag"] is None

    (told,) = await groups(pipe)

    assert told.lag == 3
