"""The consumer's role as it is put together: its streams, its sessions, its replays, its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from orders.chassis.db import Database
from orders.chassis.messaging import handlers as registry
from orders.chassis.messaging.consuming.retry_policy import Permanent
from orders.chassis.messaging.dead_letters import marked
from orders.chassis.messaging.events import DomainEvent, event
from orders.chassis.messaging.handlers import Handler
from orders.chassis.messaging.publishing.notify import CHANNEL
from orders.chassis.messaging.unit_of_work import UnitOfWork
from orders.chassis.roles.consumer import run_consumer
from orders.chassis.settings import Settings

from ..deliveries import Held, abandon, events
from ..pipe import STREAM, VISIBILITY, Pipe, Probed, eventually, handler
from ..service import SERVICE, service

OTHER = "others"


@event(f"{SERVICE}.Othered.v1", stream=OTHER)
class Othered(DomainEvent):
    """An event on another stream."""


class Role:
    """The role, run with handlers of the test's own."""

    def __init__(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        self._settings = settings
        self._monkeypatch = monkeypatch
        service.discover()  # the service's own handlers, which would otherwise come later

    @asynccontextmanager
    async def running(self, *handlers: Handler, **settings: object) -> AsyncIterator[asyncio.Event]:
        """Run it for the block, or until the event is set that this yields."""
        named = {one.name: one for one in handlers}
        self._monkeypatch.setattr(registry, "_registry", named)
        stopping = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            changed = self._settings.model_copy(update=settings)
            tasks.create_task(run_consumer(service, changed, stopping))
            try:
                yield stopping
            finally:
                stopping.set()


@pytest.fixture
def role(pipe: Pipe, database_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Role:
    """The consumer's role on the pipe."""
    settings = Settings(
        database_url=database_url,
        redis_url=redis_url,
        key_prefix=pipe.prefix,
        consumer_port=0,
        consumer_visibility_timeout=VISIBILITY,
        consumer_concurrency=5,
    )
    return Role(settings, monkeypatch)


async def test_poison_candidates_of_all_streams_run_one_at_a_time(pipe: Pipe, role: Role) -> None:
    running, most = 0, 0

    async def count(event: DomainEvent, uow: UnitOfWork) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        await uow.session.execute(
            text("INSERT INTO effects (event_id) VALUES (:id)"), {"id": event.event_id}
        )

    await pipe.publish(*events(2), *(Othered(aggregate_id="a") for _ in range(2)))
    for stream in (STREAM, OTHER):
        await abandon(pipe, times=2, stream=stream)

    async def all_handled() -> bool:
        return len(await pipe.effects()) == 4

    others = Handler("othered", Othered, count, max_attempts=None, timeout=5)
    async with role.running(handler(count), others):
        await eventually(all_handled)

    assert most == 1


@pytest.mark.parametrize(("start", "handled"), [("0", 2), ("now", 1)])
async def test_a_new_group_starts_where_it_is_told_to(
    pipe: Pipe, role: Role, start: str, handled: int
) -> None:
    await pipe.publish(*events(1))
    async with role.running(handler(), consumer_start=start):
        await pipe.acknowledged(1)  # handled, or skipped
        await pipe.publish(*events(1))
        await pipe.acknowledged(2)

    assert len(await pipe.effects()) == handled


async def test_it_keeps_to_its_settings(pipe: Pipe, role: Role) -> None:
    running, most = 0, 0

    async def fail(_: Probed, __: UnitOfWork) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        raise ValueError("no")

    await pipe.publish(*events(5))
    async with role.running(handler(fail), consumer_concurrency=2, consumer_max_attempts=1):
        await pipe.acknowledged(5)

    assert most == 2
    assert [1] * 5 == [row.attempts for row in await pipe.dead()]


async def test_a_session_may_idle_for_longer_than_the_longest_handler(
    pipe: Pipe, role: Role
) -> None:
    found: list[str | None] = []

    async def note(_: Probed, uow: UnitOfWork) -> None:
        found.append(await uow.session.scalar(text("SHOW idle_in_transaction_session_timeout")))

    await pipe.publish(*events(1))
    async with role.running(handler(note), handler(name="long", timeout=60)):
        await pipe.acknowledged(1)

    assert found == ["90s"]


async def test_what_a_handler_emits_is_notified_of(
    pipe: Pipe, role: Role, database_url: str
) -> None:
    async def emit(probed: Probed, uow: UnitOfWork) -> None:
        uow.emit(Othered(aggregate_id=probed.aggregate_id))

    notified = asyncio.Event()
    listener = await Database(database_url, role="tests").connect()
    await listener.add_listener(CHANNEL, lambda *_: notified.set())
    await pipe.publish(*events(1))
    async with role.running(handler(emit)), asyncio.timeout(10):
        await notified.wait()
    await listener.close()


async def replay_of(pipe: Pipe) -> None:
    """Have a dead letter, marked for replay."""

    async def refuse(_: Probed, __: UnitOfWork) -> None:
        raise Permanent("closed")

    await pipe.publish(*events(1))
    async with pipe.consuming(handler(refuse)):
        await pipe.acknowledged(1)
    await pipe.rows("UPDATE dead_letters SET state = 'replay'")


async def test_a_replay_that_runs_when_it_is_told_to_stop_is_finished(
    pipe: Pipe, role: Role
) -> None:
    await replay_of(pipe)
    held = Held()
    async with role.running(handler(held, timeout=30)) as stopping:
        await held.started.wait()
        stopping.set()
        await asyncio.sleep(0.1)  # in which it could be cut short
        held.release.set()

    assert len(await pipe.effects()) == 1
    assert ["replayed"] == [letter.state for letter in await pipe.dead()]


async def test_a_replay_that_is_cut_short_is_begun_again_by_another_consumer(
    pipe: Pipe, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    await replay_of(pipe)
    held = Held()
    async with role.running(handler(held, timeout=30), drain_timeout=0.1):
        await held.started.wait()
    assert not await pipe.effects()
    monkeypatch.setattr(marked, "PAUSE", timedelta(0))

    async def replayed() -> bool:
        return [("replayed", 2)] == [(row.state, row.started) for row in await pipe.dead()]

    async with role.running(handler()):
        await eventually(replayed)
    assert len(await pipe.effects()) == 1
