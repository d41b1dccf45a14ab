"""What an autoscaler is told: the events that wait for consumers, be there any or not."""

from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from orders.chassis.messaging.observing.status import to_do
from orders.chassis.messaging.tables import dead_letters

from ..pipe import STREAM, Pipe, Probed, eventually, handler
from ..processes import running, started
from ..service import SERVICE


async def waiting(pipe: Pipe) -> int:
    """What the relay would answer."""
    return await to_do(pipe.engine, pipe.broker, [STREAM], SERVICE, pipe.prefix)


async def test_nothing_waits_in_a_stream_that_does_not_exist(pipe: Pipe) -> None:
    assert await waiting(pipe) == 0


async def test_every_event_waits_before_there_was_a_consumer(pipe: Pipe) -> None:
    await pipe.publish(*(Probed(aggregate_id="a") for _ in range(3)))

    assert await waiting(pipe) == 3


async def test_what_was_read_waits_until_it_is_decided(pipe: Pipe) -> None:
    await pipe.publish(*(Probed(aggregate_id="a") for _ in range(3)))
    group = pipe.group()
    await group.ensure("0")
    first, *_ = await group.read(2, 10)
    read = await waiting(pipe)
    await group.ack([first.stream_id])

    assert (read, await waiting(pipe)) == (3, 2)


async def test_another_groups_events_do_not_wait_for_this_one(pipe: Pipe) -> None:
    await pipe.publish(Probed(aggregate_id="a"))
    async with pipe.consuming(handler()):
        await eventually(lambda: _decided(pipe))
    await pipe.broker.client.xgroup_create(pipe.key, "another", id="0")

    assert await waiting(pipe) == 0


async def _decided(pipe: Pipe) -> bool:
    return await waiting(pipe) == 0


async def test_a_dead_letter_waits_once_it_is_to_be_replayed(pipe: Pipe) -> None:
    async def refuse(_: Probed, __: object) -> None:
        raise ValueError

    await pipe.publish(Probed(aggregate_id="a"))
    async with pipe.consuming(handler(refuse), max_attempts=1):
        await eventually(lambda: _decided(pipe))
    async with pipe.engine.begin() as connection:
        await connection.execute(update(dead_letters).values(state="replay"))

    assert await waiting(pipe) == 1


async def test_the_relay_answers_while_no_consumer_runs(
    tmp_path: Path, database_url: str, redis_url: str, key_prefix: str
) -> None:
    settings = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "KEY_PREFIX": key_prefix}
    async with (
        running("relay", cwd=tmp_path, settings=settings) as (relay,),
        httpx.AsyncClient(base_url=await relay.address()) as client,
    ):
        answer = await client.get("/backlog")

    assert (answer.status_code, answer.json()) == (200, {"events": 0})


@pytest.mark.parametrize("missing", ["DATABASE_URL", "REDIS_URL"])
async def test_the_relay_says_that_it_cannot_know(
    tmp_path: Path, database_url: str, redis_url: str, missing: str
) -> None:
    settings = {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    nowhere = {
        "DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/db",
        "REDIS_URL": "redis://:secret@127.0.0.1:1/0",
    }
    settings[missing] = nowhere[missing]
    async with (
        started("relay", cwd=tmp_path, **settings) as relay,
        httpx.AsyncClient(base_url=await relay.address()) as client,
    ):
        answer = await client.get("/backlog")

    assert answer.status_code == 503
    assert "127.0.0.1:1" in answer.json()["problem"]
    assert "secret" not in answer.text
