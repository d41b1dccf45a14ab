"""The relay's role as it is put together: its settings, its sessions, and its janitor."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from orders.chassis.messaging import handlers as registry
from orders.chassis.roles.relay import run_relay
from orders.chassis.settings import Settings

from ..cleaning import add, left, read, sent, sent_days_ago
from ..pipe import STREAM, Pipe, eventually, handler
from ..relaying import numbered
from ..service import SERVICE, service

Running = Callable[..., AbstractAsyncContextManager[None]]
NOTICES = f"{STREAM}.{SERVICE}.dlq"


@pytest.fixture
def relay_role(pipe: Pipe, database_url: str, redis_url: str) -> Running:
    """Runs the role on the pipe for a block, with further settings."""

    @asynccontextmanager
    async def running(**settings: object) -> AsyncIterator[None]:
        stopping = asyncio.Event()
        given = {"database_url": database_url, "redis_url": redis_url, "key_prefix": pipe.prefix}
        async with asyncio.TaskGroup() as tasks:
            whole = Settings.model_validate(given | {"relay_port": 0} | settings)
            tasks.create_task(run_relay(service, whole, stopping))
            try:
                yield
            finally:
                stopping.set()

    return running


async def published(pipe: Pipe) -> bool:
    """Whether nothing waits any more."""
    return not await pipe.rows("SELECT 1 FROM outbox")


async def test_it_publishes_in_batches_of_the_size_it_is_told(
    pipe: Pipe, relay_role: Running
) -> None:
    await pipe.emit(*numbered(5))
    with capture_logs() as logs:
        async with relay_role(relay_batch_size=2):
            await eventually(lambda: published(pipe))

    relayed = [line["count"] for line in logs if line["event"] == "outbox.relayed"]
    assert relayed == [2, 2, 1]


@pytest.mark.parametrize("repairs", [True, False])
async def test_it_repairs_lost_writes_unless_it_is_told_not_to(
    pipe: Pipe, relay_role: Running, repairs: bool
) -> None:
    await pipe.publish(*numbered(1))
    await pipe.broker.client.delete(pipe.key)
    with capture_logs() as logs:

        async def looked() -> bool:
            return "outbox.verified" in [line["event"] for line in logs]

        async with relay_role(outbox_auto_repair=repairs):
            await eventually(looked)
            await eventually(lambda: published(pipe))

    assert [repairs] == [line["repaired"] for line in logs if "repaired" in line]
    assert len(await pipe.entries()) == int(repairs)


async def test_its_janitor_keeps_things_as_long_as_it_is_told_to(
    pipe: Pipe, relay_role: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.discover()  # the service's own handlers, which would otherwise come later
    monkeypatch.setattr(registry, "_registry", {"probed": handler()})
    await sent(pipe, 2, 1)
    await pipe.rows("INSERT INTO stream_marks VALUES ('probed', '2-0')")  # so they are not lost
    for days in (4, 2.5):
        await pipe.rows(
            f"INSERT INTO inbox VALUES ('{days} days', gen_random_uuid(), 'done',"
            f" now() - interval '{days} days')"
        )
    _, _, *young = await add(pipe, 2, 1.1, 0.5)
    await read(pipe, "inventory")
    *_, youngest = await add(pipe, 1.1, 0.5, stream=NOTICES)

    async def clean() -> bool:
        decided = [row.handler for row in await pipe.rows("SELECT handler FROM inbox")]
        return (
            await sent_days_ago(pipe) == [1]
            and decided == ["2.5 days"]
            and await left(pipe) == young
            and await left(pipe, NOTICES) == [youngest]
        )

    async with relay_role(
        stream_retention=timedelta(days=1),
        outbox_retention=timedelta(hours=36),
        inbox_retention=timedelta(days=3),
    ):
        await eventually(clean)


async def test_a_relay_that_freezes_gives_its_lock_up_soon(pipe: Pipe, relay_role: Running) -> None:
    await pipe.rows("CREATE TABLE noted AS SELECT ''::text AS value")
    await pipe.rows(
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE noted"
        " SET value = current_setting('idle_in_transaction_session_timeout'); RETURN NULL; END $$"
    )
    await pipe.rows("CREATE TRIGGER note AFTER DELETE ON outbox EXECUTE FUNCTION note()")
    await pipe.emit(*numbered(1))
    async with relay_role():
        await eventually(lambda: published(pipe))

    assert [("10s",)] == [tuple(row) for row in await pipe.rows("SELECT value FROM noted")]
