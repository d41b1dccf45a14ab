"""NOTIFY: it spares the relay its wait, comes seldom enough, and is never relied on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import pytest

from orders.chassis.db import Database
from orders.chassis.messaging.publishing import notify, relay
from orders.chassis.messaging.publishing.notify import CHANNEL, OutboxNotifier, listen
from orders.chassis.waiting import wait

from ..line import Line, line_to
from ..pipe import Pipe, Probed, eventually
from ..relaying import relaying


@pytest.fixture
async def line(pipe: Pipe, database_url: str) -> AsyncIterator[Line]:
    """The line on which notifications are sent and heard, and nothing else goes."""
    async with line_to(database_url) as line:
        pipe.database = Database(line.url, role="tests")
        yield line


@pytest.fixture
async def heard(database_url: str) -> AsyncIterator[list[float]]:
    """When notifications arrived, on a connection that nothing disturbs."""
    times: list[float] = []
    connection = await Database(database_url, role="tests").connect()
    await connection.add_listener(CHANNEL, lambda *_: times.append(monotonic()))
    yield times
    await connection.close()


@asynccontextmanager
async def notifying(pipe: Pipe) -> AsyncIterator[OutboxNotifier]:
    """A notifier at work for the block."""
    notifier = OutboxNotifier(pipe.database)
    working = asyncio.create_task(notifier.run())
    yield notifier
    working.cancel()
    await asyncio.wait([working])


@asynccontextmanager
async def listening(pipe: Pipe) -> AsyncIterator[asyncio.Event]:
    """What is set by every notification, and by every new connection."""
    notified = asyncio.Event()
    working = asyncio.create_task(listen(pipe.database, notified))
    yield notified
    working.cancel()
    await asyncio.wait([working])


async def within(seconds: float, notified: asyncio.Event) -> None:
    """Wait for a notification, at most so long."""
    async with asyncio.timeout(seconds):
        await notified.wait()
    notified.clear()


async def notify_until_heard(notifier: OutboxNotifier, heard: list[float]) -> None:
    """Notify until one arrives; each of them may be lost."""
    heard.clear()

    async def arrived() -> bool:
        notifier.notify()
        return bool(heard)

    await eventually(arrived, seconds=5)


async def listeners(pipe: Pipe) -> list[int]:
    """The sessions of this database that listen."""
    found = await pipe.rows(
        "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        " AND datname = current_database()"
    )
    return [row.pid for row in found]


async def test_a_notification_spares_an_idle_relay_its_wait(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "POLL", 60.0)
    async with notifying(pipe) as notifier, relaying(pipe):
        pipe.outbox.notify = notifier.notify

        async def idle() -> bool:
            return bool(await listeners(pipe)) and not pipe.health.problems

        async def published() -> bool:
            return bool(await pipe.entries())

        await eventually(idle)
        await pipe.emit(Probed(aggregate_id="a"))

        await eventually(published, seconds=5)


async def test_without_notifications_the_relay_looks_by_itself(
    pipe: Pipe, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection that listens is dead, and does not know it yet."""
    monkeypatch.setattr(relay, "POLL", 0.05)
    async with relaying(pipe):

        async def listens() -> bool:
            return bool(await listeners(pipe)) and not pipe.health.problems

        async def published() -> bool:
            return len(await pipe.entries()) == 2

        await eventually(listens)
        line.silence()
        await asyncio.sleep(0.1)  # until the relay waits, after the one of the new connection
        await pipe.emit(Probed(aggregate_id="a"), Probed(aggregate_id="a"))

        await eventually(published, seconds=5)


async def test_notifications_are_sent_seldom_however_often_they_are_asked_for(
    pipe: Pipe, heard: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """NOTIFY takes a lock that all commits of the server share."""
    monkeypatch.setattr(notify, "INTERVAL", 0.1)
    async with notifying(pipe) as notifier:

        async def four() -> bool:
            notifier.notify()
            return len(heard) >= 4

        await eventually(four)
        asked = len(heard)
        await asyncio.sleep(0.25)  # in which nobody asks

    assert heard[3] - heard[0] > 0.25
    assert len(heard) - asked <= 1


async def test_a_listener_whose_session_was_ended_listens_again(pipe: Pipe) -> None:
    async with listening(pipe) as notified:
        await within(5, notified)
        for pid in await listeners(pipe):
            await pipe.rows("SELECT pg_terminate_backend(:pid)", pid=pid)

        await within(5, notified)  # what came meanwhile is not heard, so it looks
        await pipe.rows(f"NOTIFY {CHANNEL}")
        await within(5, notified)


async def test_a_listener_whose_connection_died_unnoticed_listens_again(
    pipe: Pipe, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "PROBE", 0.05)
    monkeypatch.setattr(notify, "ANSWER", 0.2)
    async with listening(pipe) as notified:
        await within(5, notified)
        line.half_open()

        await within(5, notified)
        await pipe.rows(f"NOTIFY {CHANNEL}")
        await within(5, notified)


async def test_a_notifier_whose_connection_died_unnoticed_notifies_again(
    pipe: Pipe, line: Line, heard: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "ANSWER", 0.2)
    async with notifying(pipe) as notifier:
        await notify_until_heard(notifier, heard)
        line.half_open()
        await notify_until_heard(notifier, heard)


async def test_a_database_that_takes_no_connections_is_tried_again(
    pipe: Pipe, line: Line, heard: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "RECONNECT", 0.05)
    line.refuse()
    async with notifying(pipe) as notifier, listening(pipe) as notified:
        await asyncio.sleep(0.2)  # in which both try in vain
        assert not notified.is_set()
        line.restore()

        await within(5, notified)
        await notify_until_heard(notifier, heard)


async def test_what_listens_for_notifications_can_be_stopped_while_its_connection_breaks() -> None:
    lost = asyncio.Event()
    listening = asyncio.create_task(wait(60, lost))
    while not lost._waiters:
        await asyncio.sleep(0)

    lost.set()
    listening.cancel()
    await asyncio.wait([listening])

    assert listening.cancelled()
