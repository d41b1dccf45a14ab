"""Killed while rows move back into the outbox: all of them go out again, whoever goes on."""

import pytest

from orders.chassis.messaging.publishing import lost_writes
from orders.chassis.messaging.publishing.republish import Published, republish

from ..pipe import Pipe, handler, numbered
from .outcomes import applied_once, published, relayed, repaired
from .victims import Victims, wake

ORDER = [str(number) for number in range(6)]


async def lose_everything(pipe: Pipe) -> None:
    """Publish six events, have them found complete, and then flushed."""
    await pipe.publish(*numbered(6))
    await repaired(pipe)
    await pipe.broker.client.delete(pipe.key)


@pytest.mark.parametrize("window", ["before-putting-back", "after-putting-back"])
async def test_a_relay_that_is_killed_in_a_repair_leaves_it_to_the_next_one(
    pipe: Pipe, victims: Victims, window: str
) -> None:
    await lose_everything(pipe)
    await victims.kill_at(window, "relay")

    await repaired(pipe)

    assert ORDER == await published(pipe)


async def test_a_relay_that_is_killed_between_two_pages_of_a_repair_hides_no_loss(
    pipe: Pipe, victims: Victims, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had put back and published is the newest then, and is there."""
    monkeypatch.setattr(lost_writes, "PAGE", 2)
    await lose_everything(pipe)
    await victims.kill_at("between-two-pages-of-a-repair", "relay")
    assert len(await pipe.entries()) == 2

    await repaired(pipe)

    assert ORDER == sorted(map(str, await published(pipe)))


async def test_a_relay_that_is_killed_in_its_look_at_another_server_is_not_the_last_to_look(
    pipe: Pipe, victims: Victims, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest events are there, and what is lost is on a page that it did not come to."""
    monkeypatch.setattr(lost_writes, "PAGE", 2)
    await pipe.publish(*numbered(6))
    await pipe.broker.client.xdel(pipe.key, (await pipe.entries())[0].stream_id)
    await victims.kill_at("between-two-pages-of-a-look", "relay")

    await repaired(pipe)

    assert [*ORDER[1:], "0"] == await published(pipe)


async def test_a_relay_that_wakes_in_a_repair_that_is_done_puts_nothing_back(
    pipe: Pipe, victims: Victims
) -> None:
    await lose_everything(pipe)
    frozen = await victims.freeze_at("before-putting-back", "relay")
    await repaired(pipe)

    await wake(frozen)
    await relayed(pipe)

    assert ORDER == await published(pipe)


async def test_a_replay_of_the_outbox_that_is_killed_can_be_repeated(
    pipe: Pipe, victims: Victims
) -> None:
    events = numbered(6)
    await pipe.publish(*events)
    await victims.kill_at("between-two-pages-of-a-replay", "outbox", "replay", "--all")
    assert len(await pipe.rows("SELECT 1 FROM outbox")) == 2
    await relayed(pipe)

    assert 6 == sum([count async for count in republish(pipe.engine, Published())])
    await relayed(pipe)

    assert ORDER == list(dict.fromkeys(await published(pipe)))
    async with pipe.consuming(handler()):
        await pipe.acknowledged(14)
    await applied_once(pipe, *events)
