"""When lost writes are looked for, how far, and what a look leaves behind."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError

from orders.chassis.errors import DatabaseUnavailable
from orders.chassis.messaging.publishing import lost_writes, relay
from orders.chassis.messaging.publishing.lookup import lost_from

from ..pipe import STREAM, Pipe, eventually
from ..relaying import numbered, relaying, watch


async def test_what_is_all_there_is_left_alone(pipe: Pipe) -> None:
    await pipe.publish(*numbered(3))

    await watch(pipe).look()

    assert not await pipe.rows("SELECT 1 FROM outbox")
    assert not pipe.health.problems


async def test_more_than_comes_at_once_is_repaired_between_batches(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_writes, "PAGE", 2)
    monkeypatch.setattr(lost_writes, "AT_ONCE", 2)
    await pipe.publish(*numbered(9))
    await pipe.broker.client.delete(pipe.key)
    looking = watch(pipe)

    await looking.look()
    assert len(await pipe.rows("SELECT 1 FROM outbox")) == 4
    while looking.busy:
        await looking.look()

    assert len(await pipe.rows("SELECT 1 FROM outbox")) == 9


async def test_a_long_look_at_everything_is_not_begun_anew_before_it_ends(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_writes, "PAGE", 2)
    monkeypatch.setattr(lost_writes, "AT_ONCE", 1)
    monkeypatch.setattr(lost_writes, "INTERVAL", -1.0)  # it is always time for the newest
    await pipe.publish(*numbered(9))
    looking = watch(pipe)

    for _ in range(6):
        await looking.look()

    assert not looking.busy


async def test_a_new_connection_is_looked_behind_before_anything_is_published(
    pipe: Pipe,
) -> None:
    await pipe.publish(*numbered(1))
    looking = watch(pipe)
    await looking.look()
    await pipe.broker.client.delete(pipe.key)
    await looking.look()
    assert not await pipe.rows("SELECT 1 FROM outbox"), "it was not time for another look"
    await pipe.broker.client.connection_pool.disconnect()

    await looking.look()

    assert len(await pipe.rows("SELECT 1 FROM outbox")) == 1


async def test_a_stream_that_refuses_a_look_holds_up_no_other(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not taken for lost, and not for complete: it is looked at again."""
    monkeypatch.setattr(lost_writes, "INTERVAL", -1.0)
    monkeypatch.setattr(lost_writes, "PAGE", 1)
    async with pipe.units.open() as uow:
        uow.announce("broken", "eventsmith.Probe.v1", "a", "{}")
    await pipe.publish(*numbered(1))
    for key in (pipe.key, pipe.prefix + "broken"):
        await pipe.broker.client.delete(key)
    await pipe.broker.client.set(pipe.prefix + "broken", "no stream")
    looking = watch(pipe)

    await looking.look()

    assert [STREAM] == [row.stream for row in await pipe.rows("SELECT stream FROM outbox")]
    assert "WRONGTYPE" in pipe.health.problems["lost writes"]
    await pipe.publish()
    await looking.look()
    assert "WRONGTYPE" in pipe.health.problems["lost writes"]
    await pipe.broker.client.delete(pipe.prefix + "broken")
    await looking.look()
    assert ["broken"] == [row.stream for row in await pipe.rows("SELECT stream FROM outbox")]
    assert not pipe.health.problems


async def test_the_newest_are_looked_at_again_and_again(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a connection that never broke: a FLUSHALL ends none."""
    monkeypatch.setattr(lost_writes, "INTERVAL", 0.05)
    monkeypatch.setattr(relay, "POLL", 0.05)
    await pipe.publish(*numbered(3))
    async with relaying(pipe):
        await eventually(lambda: looked_through(pipe))
        await pipe.broker.client.delete(pipe.key)

        await eventually(lambda: published(pipe, 3))


async def test_a_look_that_failed_is_taken_again(pipe: Pipe) -> None:
    await pipe.publish(*numbered(1))
    looking = watch(pipe)
    await looking.look()
    await pipe.broker.client.delete(pipe.key)
    await pipe.broker.client.connection_pool.disconnect()
    await pipe.rows("ALTER TABLE outbox_sent RENAME TO elsewhere")
    with pytest.raises(DBAPIError):
        await looking.look()
    await pipe.rows("ALTER TABLE elsewhere RENAME TO outbox_sent")

    await looking.look()

    assert len(await pipe.rows("SELECT 1 FROM outbox")) == 1


async def test_a_connection_that_breaks_during_a_look_is_looked_behind_as_well(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking = watch(pipe)
    page = looking._page

    async def and_reconnect(last: Row[Any] | None) -> Sequence[Row[Any]]:
        await pipe.broker.client.connection_pool.disconnect()
        await pipe.broker.ping()
        return await page(last)

    await pipe.publish(*numbered(1))
    with monkeypatch.context() as breaking:
        breaking.setattr(looking, "_page", and_reconnect)
        await looking.look()
    await pipe.broker.client.delete(pipe.key)

    await looking.look()

    assert len(await pipe.rows("SELECT 1 FROM outbox")) == 1


async def test_a_server_that_was_found_complete_is_not_looked_through_again(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_writes, "PAGE", 2)
    await pipe.publish(*numbered(3))
    await watch(pipe).look()
    await pipe.broker.client.xdel(pipe.key, (await pipe.entries())[0].stream_id)

    await watch(pipe).look()

    assert not await pipe.rows("SELECT 1 FROM outbox")


async def test_what_is_trimmed_during_a_look_is_not_lost(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The janitor writes its mark first, so the mark is read last."""
    await pipe.publish(*numbered(2))
    (_, kept), run = await pipe.entries(), pipe.broker.run

    async def trim_and_run(*asked: Any) -> Any:
        await pipe.rows("INSERT INTO stream_marks VALUES (:s, :m)", s=STREAM, m=kept.stream_id)
        await pipe.broker.client.xtrim(pipe.key, minid=kept.stream_id, approximate=False)
        return await run(*asked)

    monkeypatch.setattr(pipe.broker, "run", trim_and_run)
    rows = await pipe.rows("SELECT event_id, stream, stream_id FROM outbox_sent")

    assert [] == await lost_from(STREAM, rows, pipe.engine, pipe.broker, pipe.prefix)


async def test_a_database_that_falls_silent_holds_a_look_up_for_a_while_only(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_writes, "PATIENCE", 0.1)
    await pipe.rows("ALTER TABLE broker_seen RENAME TO elsewhere")
    await pipe.rows("CREATE VIEW broker_seen AS SELECT e.* FROM elsewhere AS e, pg_sleep(60)")
    looking = watch(pipe)

    with pytest.raises(DatabaseUnavailable, match="no answer"):
        await looking.look()


async def looked_through(pipe: Pipe) -> bool:
    """Whether everything has been found once."""
    return bool(await pipe.rows("SELECT 1 FROM broker_seen"))


async def published(pipe: Pipe, count: int) -> bool:
    """Whether so many events are in the stream."""
    return len(await pipe.entries()) == count
