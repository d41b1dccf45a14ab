"""The processes: what they say, how they wait for their servers, how they stop."""

import asyncio
import json
import signal
from pathlib import Path

import httpx
import pytest

from ..pipe import eventually
from ..processes import output, running, started
from ..service import SERVICE

NOWHERE = {
    "DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/db",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


@pytest.fixture
def settings(database_url: str, redis_url: str, key_prefix: str) -> dict[str, str]:
    """What the processes are given."""
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "KEY_PREFIX": key_prefix}


@pytest.mark.parametrize("role", ["api", "relay", "consumer"])
async def test_a_role_ends_by_itself_on_sigterm(
    tmp_path: Path, settings: dict[str, str], role: str
) -> None:
    async with running(role, cwd=tmp_path, settings=settings) as (process,):
        process.send(signal.SIGTERM)

        assert await process.ended(seconds=5) == 0

    assert not [line for line in process.output if not line.startswith("{")]


@pytest.mark.parametrize("role", ["relay", "consumer"])
async def test_a_role_waits_for_servers_that_do_not_answer(tmp_path: Path, role: str) -> None:
    async with (
        started(role, cwd=tmp_path, **NOWHERE) as process,
        httpx.AsyncClient(base_url=await process.address()) as client,
    ):

        async def told() -> bool:
            return "127.0.0.1:1" in (await client.get("/health/ready")).text

        await eventually(told)
        live = await client.get("/health/live")
        process.send(signal.SIGTERM)
        code = await process.ended(seconds=10)

    assert code == 0
    assert live.status_code == 200
    assert "secret" not in "".join(process.output)
    assert "Traceback" not in "".join(process.output)


@pytest.mark.parametrize("command", ["migrate", "status"])
async def test_a_command_whose_servers_do_not_answer_ends_with_one_line(
    tmp_path: Path, command: str
) -> None:
    (tmp_path / "migrations").mkdir()
    code, printed = await output(tmp_path, command, **NOWHERE)

    assert code == 1
    assert printed.startswith("error: no ")
    assert printed.count("\n") == 1
    assert "secret" not in printed


@pytest.mark.parametrize("role", ["api", "relay", "consumer", "migrate", "status"])
async def test_a_missing_setting_is_named(tmp_path: Path, role: str) -> None:
    code, printed = await output(tmp_path, role, REDIS_URL="redis://127.0.0.1:1/0")

    assert (code, printed) == (1, "error: DATABASE_URL: field required\n")


async def test_a_database_url_of_another_kind_is_one_line(tmp_path: Path) -> None:
    code, printed = await output(tmp_path, "api", **NOWHERE | {"DATABASE_URL": "mysql://h/db"})

    assert code == 1
    assert printed.startswith("error: DATABASE_URL must look like postgresql://")
    assert printed.count("\n") == 1


async def test_a_port_that_is_taken_is_one_line(tmp_path: Path, settings: dict[str, str]) -> None:
    async with running("relay", cwd=tmp_path, settings=settings) as (first,):
        port = str((await first.logged("http.listening"))["port"])
        code, printed = await output(tmp_path, "relay", "--port", port, **settings)

    assert code == 1
    assert f"error: cannot listen on 127.0.0.1:{port}" in printed


async def test_the_state_is_told_at_a_glance(tmp_path: Path, settings: dict[str, str]) -> None:
    code, printed = await output(tmp_path, "status", "--json", **settings)

    assert code == 0
    assert {"outbox", "groups", "dead_letters"} == set(json.loads(printed))


async def test_dead_letters_are_listed_and_their_lack_is_told(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    assert (0, "no dead letters\n") == await output(tmp_path, "dead-letters", "list", **settings)
    code, printed = await output(tmp_path, "dead-letters", "show", "17", **settings)
    assert (1, f"error: dead letter 17 does not exist; run: {SERVICE} dead-letters list\n") == (
        code,
        printed,
    )


async def test_every_role_serves_its_metrics(tmp_path: Path, settings: dict[str, str]) -> None:
    async with (
        running("api", "relay", "consumer", cwd=tmp_path, settings=settings) as roles,
        httpx.AsyncClient() as client,
    ):
        pages = await asyncio.gather(
            *[client.get(f"{await role.address()}/metrics") for role in roles]
        )

    assert all("process_cpu_seconds_total" in page.text for page in pages)


async def test_the_relay_comes_back_when_its_connection_is_cut(
    tmp_path: Path, private_valkey: object, database_url: str
) -> None:
    valkey = private_valkey()  # type: ignore[operator]
    settings = {"DATABASE_URL": database_url, "REDIS_URL": valkey.url}
    async with running("relay", cwd=tmp_path, settings=settings) as (relay,):
        await asyncio.to_thread(valkey.end)
        await relay.logged("relay.failed")
        await asyncio.to_thread(valkey.start)

        await relay.ready()


async def test_the_audit_of_an_empty_service_finds_nothing(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    code, printed = await output(tmp_path, "audit", **settings)

    assert (0, "audit passed") == (code, printed.splitlines()[-1])


async def test_events_to_publish_again_have_to_be_named(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    everything = await output(tmp_path, "outbox", "replay", "--all", "--dry-run", **settings)
    nothing, said = await output(tmp_path, "outbox", "replay", **settings)

    assert (0, "would be published again: 0\n") == everything
    assert nothing == 2
    assert "choose events by" in said
