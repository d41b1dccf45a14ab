"""Events of a type that this code does not handle: skipped, or left to the newest code."""

import pytest
from prometheus_client import REGISTRY

from orders.chassis.messaging.consuming.group import Group
from orders.chassis.messaging.redis import PARKED

from ..deliveries import events, holds
from ..line import Line
from ..pipe import Pipe, eventually, handler
from ..service import SERVICE


async def test_an_event_of_an_unknown_type_is_skipped(pipe: Pipe) -> None:
    await pipe.publish(*events(1))

    async with pipe.consuming():
        await pipe.acknowledged(1)

    assert not await pipe.dead()


async def test_an_event_of_a_type_that_the_newest_code_handles_is_left_to_it(pipe: Pipe) -> None:
    await pipe.rows("INSERT INTO handled_types VALUES (:type)", type=f"{SERVICE}.Probed.v1")
    await pipe.publish(*events(5))

    async with pipe.consuming(name="old"):
        await eventually(lambda: holds(pipe, PARKED, 5))
        async with pipe.consuming(handler(), name="new", max_attempts=3):
            await pipe.acknowledged(5)

    assert len(await pipe.effects()) == 5
    assert not await pipe.dead()


async def test_an_event_is_left_to_the_newest_code_from_the_moment_of_its_migration(
    pipe: Pipe,
) -> None:
    before, after = events(2)

    async with pipe.consuming():
        await pipe.publish(before)
        await pipe.acknowledged(1)
        await pipe.rows("INSERT INTO handled_types VALUES (:type)", type=f"{SERVICE}.Probed.v1")
        await pipe.publish(after)
        await eventually(lambda: holds(pipe, PARKED, 1))


async def test_an_event_that_no_consumer_comes_to_handle_is_a_dead_letter(pipe: Pipe) -> None:
    await pipe.rows("INSERT INTO handled_types VALUES (:type)", type=f"{SERVICE}.Probed.v1")
    await pipe.publish(*events(1))
    fields = (await pipe.entries())[0].fields
    await pipe.broker.client.delete(pipe.key)
    await pipe.broker.client.xadd(pipe.key, dict(fields), id="1-1")  # type: ignore[arg-type]

    async with pipe.consuming():
        await pipe.acknowledged(1)

    assert ["no_handler"] == [letter.reason for letter in await pipe.dead()]


async def test_a_type_that_is_taken_back_is_skipped_again(pipe: Pipe) -> None:
    before, after = events(2)
    await pipe.rows("INSERT INTO handled_types VALUES (:type)", type=str(before.event_type))
    skipped = skips()

    async def one_was_skipped() -> bool:
        return skips() == skipped + 1

    async with pipe.consuming(visibility=60):
        await pipe.publish(before)
        await eventually(lambda: holds(pipe, PARKED, 1))
        await pipe.rows("DELETE FROM handled_types")
        await pipe.publish(after)
        await eventually(one_was_skipped)


async def test_while_postgres_cannot_be_asked_nothing_is_skipped(pipe: Pipe) -> None:
    await pipe.rows("ALTER TABLE handled_types RENAME TO elsewhere")
    await pipe.publish(*events(1))

    async with pipe.consuming():
        await eventually(lambda: holds(pipe, PARKED, 1))
        await pipe.rows("INSERT INTO elsewhere VALUES (:type)", type=f"{SERVICE}.Probed.v1")
        await pipe.rows("ALTER TABLE elsewhere RENAME TO handled_types")
        async with pipe.consuming(handler(), name="new", max_attempts=1):
            await pipe.acknowledged(1)

    assert len(await pipe.effects()) == 1


async def test_an_event_whose_age_redis_does_not_tell_is_left_to_the_newest_code_as_well(
    pipe: Pipe, redis_line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pipe.rows("INSERT INTO handled_types VALUES (:type)", type=f"{SERVICE}.Probed.v1")
    await pipe.publish(*events(1))
    age, asked = Group.age, 0

    async def unanswered_once(group: Group, stream_id: str) -> float:
        nonlocal asked
        asked += 1
        if asked == 1:
            redis_line.silence()
        try:
            return await age(group, stream_id)
        finally:
            redis_line.restore()

    monkeypatch.setattr(Group, "age", unanswered_once)
    async with pipe.consuming(name="old"):
        await eventually(lambda: holds(pipe, PARKED, 1))
        async with pipe.consuming(handler(), name="new", max_attempts=1):
            await pipe.acknowledged(1)

    assert len(await pipe.effects()) == 1


def skips() -> float:
    """How many events have been skipped for want of a handler."""
    labels = {"handler": "none", "outcome": "skipped"}
    return REGISTRY.get_sample_value("consumer_handled_total", labels) or 0
