"""Redis is another server than before, or one without its last writes, or an empty one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from orders.chassis.dev import Valkey
from orders.chassis.messaging.consuming.retry_policy import Permanent
from orders.chassis.messaging.publishing import lost_writes, relay
from orders.chassis.messaging.redis import PARKED, Broker
from orders.chassis.messaging.unit_of_work import UnitOfWork

from ..pipe import Pipe, Probed, eventually, handler, leave_effect
from ..relaying import numbered, relaying, said, watch

STATES = ("handled", "dead", "waiting", "running 1", "running 2", "unread", "unpublished")


async def test_a_replica_that_never_got_the_last_writes_is_completed(
    pipe: Pipe, private_valkey: Callable[..., Valkey]
) -> None:
    """A failover: the replica is promoted, and the relay goes on with it."""
    primary = private_valkey("--repl-diskless-sync-delay", "0")
    replica = private_valkey("--replicaof", "127.0.0.1", str(primary.port))
    async with Broker(primary.url) as first, Broker(replica.url, blocking=1) as second:

        async def attached() -> bool:
            told = (await first.client.info("replication")).get("slave0", {})
            return bool(told.get("state") == "online")

        await eventually(attached)
        pipe.broker = first
        await pipe.publish(*numbered(5))
        await watch(pipe).look()
        assert await first.client.wait(1, 5000) == 1
        await second.client.replicaof("NO", "ONE")
        await pipe.publish(*numbered(5, start=5))
        await asyncio.to_thread(primary.end)

        pipe.broker = second
        assert len(await pipe.entries()) == 5
        await pipe.emit(*numbered(5, start=10))
        await watch(pipe).look()
        await pipe.publish()

        assert [str(number) for number in range(15)] == await said(pipe)


async def test_a_server_that_lost_its_last_writes_while_the_relay_was_away_is_completed(
    pipe: Pipe, private_valkey: Callable[..., Valkey], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in memory shows it: the newest entries are there, an older one is not."""
    monkeypatch.setattr(lost_writes, "PAGE", 2)
    server = private_valkey()
    async with Broker(server.url, blocking=1) as before:
        pipe.broker = before
        await pipe.publish(*numbered(3))
        await watch(pipe).look()
        await before.client.xdel(pipe.key, (await pipe.entries())[0].stream_id)
    await asyncio.to_thread(server.end, server.stop_signal)
    await asyncio.to_thread(server.start)
    async with Broker(server.url, blocking=1) as after:
        pipe.broker = after

        await watch(pipe).look()

    assert len(await pipe.rows("SELECT 1 FROM outbox")) == 1


async def test_a_server_that_took_over_anothers_data_is_looked_through(
    pipe: Pipe, private_valkey: Callable[..., Valkey], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never restarted, and its newest entries are there."""
    monkeypatch.setattr(lost_writes, "PAGE", 2)
    served, other = private_valkey(), private_valkey("--repl-diskless-sync-delay", "0")
    async with Broker(served.url, blocking=1) as pipe.broker, Broker(other.url) as elsewhere:
        await pipe.publish(*numbered(3))
        await watch(pipe).look()
        later = (await pipe.entries())[1:]
        for entry in later:
            fields: dict[Any, Any] = dict(entry.fields)
            await elsewhere.client.xadd(pipe.key, fields, id=entry.stream_id)
        await pipe.broker.client.replicaof("127.0.0.1", str(other.port))

        async def copied() -> bool:
            told = await pipe.broker.client.info("replication")
            return bool(told["master_link_status"] == "up")

        await eventually(copied)
        await pipe.broker.client.replicaof("NO", "ONE")

        await watch(pipe).look()

    (row,) = await pipe.rows("SELECT data FROM outbox")
    assert '"0"' in row.data


async def test_a_flushall_loses_no_event_whatever_had_become_of_it(
    pipe: Pipe, private_valkey: Callable[..., Valkey], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handled, dead, waiting for a retry, being handled, not yet read, not yet published."""
    monkeypatch.setattr(lost_writes, "INTERVAL", 0.05)
    monkeypatch.setattr(relay, "POLL", 0.05)
    release, running = asyncio.Event(), 0
    events = {name: Probed(aggregate_id=name, text=name) for name in STATES}

    async def moody(probed: Probed, uow: UnitOfWork) -> None:
        nonlocal running
        if probed.text == "dead":
            raise Permanent("closed")
        if probed.text == "waiting" and not release.is_set():
            raise ValueError("not yet")
        if probed.text.startswith("running"):
            running += 1
            await release.wait()
        await leave_effect(probed, uow)

    async def until(*names: str, then: Callable[[], Awaitable[bool]]) -> None:
        await pipe.emit(*(events[name] for name in names))
        await eventually(then)

    async def first_decided() -> bool:
        waits = (await pipe.pending()).get(PARKED) == 1
        return waits and len(await pipe.effects()) == len(await pipe.dead()) == 1

    async def both_running() -> bool:
        return running == 2

    async def all_published() -> bool:
        return len(await pipe.entries()) == 6

    async def all_handled() -> bool:
        return len(await pipe.effects()) >= 6

    async with (
        Broker(private_valkey().url, blocking=1) as pipe.broker,
        relaying(pipe),
        pipe.consuming(handler(moody, timeout=30), concurrency=2, max_attempts=100),
    ):
        await until("handled", "dead", "waiting", then=first_decided)
        await until("running 1", "running 2", then=both_running)
        await until("unread", then=all_published)
        await pipe.broker.client.flushall()
        release.set()
        await until("unpublished", then=all_handled)

    effects = sorted(event.event_id for name, event in events.items() if name != "dead")
    assert effects == sorted(await pipe.effects())
    assert [events["dead"].event_id] == [letter.event_id for letter in await pipe.dead()]
