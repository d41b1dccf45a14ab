"""The metrics: what the roles serve is what the page, the alerts and the dashboard speak of."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY

from chassis.proved import SERVICE
from orders.chassis.messaging.observing import sampling
from orders.chassis.messaging.observing.sampling import Sampler
from orders.chassis.testing.pipe import STREAM, Pipe, eventually, handler, numbered, refuse
from orders.chassis.testing.processes import Process, started

from ..deliveries import abandon
from ..line import Line
from ..observed import COMMAND, SETTINGS
from ..scraping import Metric, described, labels_in, names_in, queries, served

ROLES = ("api", "relay", "consumer")


@pytest.fixture
async def scrapes(
    tmp_path: Path, pipe: Pipe, database_url: str, redis_url: str, key_prefix: str
) -> dict[str, dict[str, Metric]]:
    """What each role serves, after an event that was handled and one that died."""
    urls = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "KEY_PREFIX": key_prefix}
    limits = {"CONSUMER_MAX_ATTEMPTS": "2", "CONSUMER_VISIBILITY_TIMEOUT": "0.4"}
    given = SETTINGS | urls | limits
    pages: dict[str, dict[str, Metric]] = {}
    async with AsyncExitStack() as stack:
        processes = {
            role: await stack.enter_async_context(
                started(role, cwd=tmp_path, command=COMMAND, **given)
            )
            for role in ROLES
        }
        async with httpx.AsyncClient(base_url=await processes["api"].address()) as client:
            for said in ("", "fail"):
                await client.post("/probes/1", json={"text": said})

        async def complete() -> bool:
            for role, process in processes.items():
                pages[role] = await scraped(process)
            labelled = (
                pages["relay"]["group_lag"].labels
                and pages["consumer"]["consumer_dead_letters_total"].labels
            )
            return bool(labelled)

        await eventually(complete)
    return pages


async def scraped(process: Process) -> dict[str, Metric]:
    """What it serves now."""
    async with httpx.AsyncClient() as client:
        return served((await client.get(f"{await process.address()}/metrics")).text)


async def test_what_is_served_is_what_the_page_the_alerts_and_the_dashboard_speak_of(
    scrapes: dict[str, dict[str, Metric]],
) -> None:
    page = described()
    kinds = tuple({name.partition("_")[0] for name in page})
    everything = {name: metric for served in scrapes.values() for name, metric in served.items()}

    assert page.keys() == {name for name in everything if name.startswith(kinds)}
    for served_by in scrapes.values():
        for name in page.keys() & served_by.keys():
            found = served_by[name]
            assert found.type == page[name].type, name
            assert found.labels in (frozenset(), page[name].labels), name
    assert {"group_lag", "dead_letters", "outbox_pending"} <= scrapes["relay"].keys()
    assert not {"group_lag", "dead_letters", "outbox_pending"} & scrapes["consumer"].keys()

    assert len(queries()) > 30
    for query in queries():
        names = names_in(query)
        assert names or "up{" in query, query
        assert names <= everything.keys(), query
        known = {label for name in names for label in page.get(name, everything[name]).labels}
        assert labels_in(query) <= known, query


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
        await pipe.settled(3)
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


async def test_what_waits_for_a_group_that_has_never_had_a_consumer_is_its_lag(pipe: Pipe) -> None:
    """Else nobody would be told of a consumer that ends before it has made its group."""
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
    assert asked.rows.pending == 2
    assert failed + 1 == value("sampling_failed_total", server="redis")
    assert 0 == value("sampling_failed_total", server="postgres")
