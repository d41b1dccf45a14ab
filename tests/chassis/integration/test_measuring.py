"""The state of messaging as metrics: sampled, and gone where a server does not answer."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from orders.chassis.messaging.observing import sampling
from orders.chassis.messaging.observing.sampling import Sampler

from ..deliveries import abandon
from ..line import Line
from ..pipe import STREAM, Pipe, eventually, handler, numbered, refuse
from ..service import SERVICE


def sampler(pipe: Pipe) -> Sampler:
    """What samples the pipe, over the lines that a test may have to its servers."""
    return Sampler(
        pipe.engine,
        pipe.roles_broker,
        key_prefix=pipe.prefix,
        group=SERVICE,
        publishes=set(),
        reads={STREAM},
    )


def value(name: str, **labels: str) -> float | None:
    """What would be served now."""
    return REGISTRY.get_sample_value(name, labels)


def of_group(name: str, group: str = SERVICE) -> float | None:
    """What would be served of a group."""
    return value(f"group_{name}", stream=STREAM, group=group)


async def test_the_state_of_the_pipe_is_sampled(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "INTERVAL", 0.01)
    await pipe.publish(*numbered(3))
    async with pipe.consuming(handler(refuse)):
        await pipe.acknowledged(3)
    await pipe.rows("UPDATE dead_letters SET state = 'replay' WHERE id = 1")
    await pipe.rows("DELETE FROM outbox")  # the announcements
    await pipe.publish(*numbered(2))
    await abandon(pipe, times=1)
    await pipe.group("lost").park((await pipe.entries())[-1].stream_id, 0, 0)
    await pipe.publish(*numbered(4))
    await pipe.emit(*numbered(5))
    await pipe.broker.client.xgroup_create(pipe.key, "others", id="0")

    sampling_ = asyncio.create_task(sampler(pipe).run())
    await eventually(lambda: asyncio.sleep(0, value("outbox_pending") == 5))
    assert 0 < (value("outbox_oldest_age_seconds") or 0) < 60
    assert (2, 1) == (value("dead_letters", state="open"), value("dead_letters", state="replay"))
    assert (4, 2, 1, 1) == tuple(
        of_group(what) for what in ("lag", "pending", "parked", "consumers")
    )
    assert 0 <= (of_group("oldest_pending_seconds") or 0) < 60
    assert of_group("lag", "others") is None  # neither its stream nor its group
    sampling_.cancel()
    await asyncio.wait([sampling_])

    assert value("outbox_pending") is None


async def test_a_group_that_never_had_a_consumer_has_everything_as_its_lag(pipe: Pipe) -> None:
    """Else nobody would hear of a consumer that ends before it has made its group."""
    await pipe.publish(*numbered(3))
    sampled = sampler(pipe)

    await sampled.sample()

    assert [(STREAM, SERVICE, 3, 0)] == [
        (one.stream, one.group, one.lag, one.consumers) for one in sampled.groups
    ]


async def test_an_answer_that_makes_no_sense_does_not_end_the_sampling(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "INTERVAL", 0.01)
    await pipe.publish(*numbered(1))
    await pipe.group().ensure("0")
    answers: list[list[dict[str, bytes]]] = [[{}], [{"name": b"\xff"}]]

    async def odd(_: str) -> list[dict[str, bytes]]:
        return answers.pop() if answers else []

    failed = value("sampling_failed_total", server="redis") or 0
    with monkeypatch.context() as patch:
        patch.setattr(pipe.broker.client, "xinfo_groups", odd)
        sampling_ = asyncio.create_task(sampler(pipe).run())
        await eventually(lambda: asyncio.sleep(0, not answers))
    await eventually(lambda: asyncio.sleep(0, of_group("lag") == 1))
    sampling_.cancel()
    await asyncio.wait([sampling_])

    assert (value("sampling_failed_total", server="redis") or 0) >= failed + 2


async def test_a_server_that_is_silent_has_no_value_and_holds_the_other_up_for_a_while_only(
    pipe: Pipe, redis_line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "ANSWER", 0.2)
    await pipe.publish(*numbered(1))
    await pipe.group().ensure("0")
    asked = sampler(pipe)
    await asked.sample()
    assert [STREAM] == [found.stream for found in asked.groups]
    failed = value("sampling_failed_total", server="redis") or 0

    redis_line.silence()
    await pipe.emit(*numbered(2))
    await asked.sample()

    assert [] == asked.groups
    assert asked.rows
    assert asked.rows[0].pending == 2
    assert failed + 1 == value("sampling_failed_total", server="redis")
    assert 0 == value("sampling_failed_total", server="postgres")
