"""docs/metrics.md, the alerts and the dashboard speak of what the roles serve."""

from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from ..pipe import Pipe, eventually
from ..processes import Process, started
from .scraping import Metric, described, labels_in, names_in, queries, served

ROLES = ("api", "relay", "consumer")


@pytest.fixture
async def scrapes(
    tmp_path: Path, pipe: Pipe, database_url: str, redis_url: str, key_prefix: str
) -> dict[str, dict[str, Metric]]:
    """What each role serves, after an event that was handled and one that died."""
    urls = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "KEY_PREFIX": key_prefix}
    limits = {"CONSUMER_MAX_ATTEMPTS": "2", "CONSUMER_VISIBILITY_TIMEOUT": "0.4"}
    given = urls | limits
    pages: dict[str, dict[str, Metric]] = {}
    async with AsyncExitStack() as stack:
        processes = {
            role: await stack.enter_async_context(started(role, cwd=tmp_path, **given))
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
