"""The log of the real processes: what stands in it, what never does, and how much."""

import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from orders.chassis.dev import Valkey

from ..pipe import Pipe, eventually
from ..processes import Process, started

PAYLOAD, PASSWORD = "marked-payload", "marked-password"


@pytest.fixture
def settings(database_url: str, redis_url: str, key_prefix: str) -> dict[str, str]:
    """What the processes are given."""
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "KEY_PREFIX": key_prefix}


@pytest.fixture
async def api(tmp_path: Path, settings: dict[str, str]) -> AsyncIterator[Process]:
    """The API."""
    async with started("api", cwd=tmp_path, **settings) as process:
        yield process


async def ask(api: Process, method: str, path: str, said: str = "", **headers: str) -> int:
    """Send a request; the status of its answer."""
    async with httpx.AsyncClient(base_url=await api.address()) as client:
        body = {"text": said} if method == "POST" else None
        return (await client.request(method, path, headers=headers, json=body)).status_code


async def test_no_line_tells_a_payload_or_a_password(
    tmp_path: Path, pipe: Pipe, settings: dict[str, str], redis_server: Valkey
) -> None:
    """Through success, failure and dead letter; at DEBUG, where most is told."""
    rights = ("on", f">{PASSWORD}", "~*", "&*", "+@all")
    redis: Any = pipe.broker.client
    await redis.execute_command("ACL", "SETUSER", "marked", *rights)
    noisy = settings | {
        "REDIS_URL": f"redis://marked:{PASSWORD}@127.0.0.1:{redis_server.port}/0",
        "LOG_LEVEL": "DEBUG",
        "CONSUMER_MAX_ATTEMPTS": "2",
        "CONSUMER_VISIBILITY_TIMEOUT": "0.4",
    }
    wrong = {"DATABASE_URL": f"postgresql://me:{PASSWORD}@127.0.0.1:1/db"}
    refused = {"REDIS_URL": f"redis://nobody:{PASSWORD}@127.0.0.1:{redis_server.port}/0"}
    async with AsyncExitStack() as stack:

        async def start(role: str, **changed: str) -> Process:
            process = started(role, cwd=tmp_path, **noisy | changed)
            return await stack.enter_async_context(process)

        api, relay, consumer = [await start(role) for role in ("api", "relay", "consumer")]
        astray = [await start("relay", **wrong), await start("consumer", **refused)]
        statuses = [
            await ask(api, "POST", "/probes/1", said)
            for said in (PAYLOAD, f"fail {PAYLOAD}", f"ask {PAYLOAD}", f"fail here {PAYLOAD}")
        ]
        assert [201, 201, 201, 500] == statuses
        assert await ask(api, "GET", f"/{PAYLOAD}?{PAYLOAD}") == 404
        assert await ask(api, "POST", f"/probes/{PAYLOAD}", PAYLOAD) == 422
        await pipe.add(data=PAYLOAD, ce_type="shop.Paid.v1", ce_id=PAYLOAD)
        for reason in ("attempts", "undecodable"):
            await consumer.logged("event.dead", reason=reason)
        await consumer.logged("event.handled", event_type=f"{pipe.type}")
        await relay.logged("outbox.relayed")
        failed = await api.logged("http.failed")
        await astray[0].logged("relay.failed")
        await astray[1].logged("consumer.waiting")
    await redis.execute_command("ACL", "DELUSER", "marked")

    assert "RuntimeError" in failed["exception"]
    assert failed["trace_id"]
    said = "".join(line for role in (api, relay, consumer, *astray) for line in role.output)
    assert PAYLOAD not in said
    assert PASSWORD not in said
    assert str(urlsplit(settings["DATABASE_URL"]).password) not in said


async def test_a_request_is_one_line_unless_it_is_polled(api: Process) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    traceparent = f"00-{trace}-b7ad6b7169203331-01"
    assert await ask(api, "POST", "/probes/7", traceparent=traceparent) == 201
    assert await ask(api, "GET", "/health/live") == 200
    assert await ask(api, "GET", "/metrics") == 200
    assert await ask(api, "BREW", "/nowhere") == 404
    await api.logged("http.request", status=404)

    posted, missed = [line for line in api.lines if line["event"] == "http.request"]
    about = {"method": "POST", "route": "/probes/{number}", "status": 201, "trace_id": trace}
    assert about.items() <= posted.items()
    assert 0 < posted["duration_ms"] < 60_000
    assert ("other", "unmatched") == (missed["method"], missed["route"])
    assert len(missed["trace_id"]) == 32


async def test_signals_have_more_logged_and_less(api: Process) -> None:
    async def levels(number: signal.Signals, *expected: str) -> None:
        api.send(number)
        await eventually(lambda: told(*expected))

    async def told(*expected: str) -> bool:
        return [line["least"] for line in api.lines if line["event"] == "log.level"] == [*expected]

    await ask(api, "GET", "/health/live")
    await levels(signal.SIGUSR1, "DEBUG")
    await ask(api, "GET", "/health/live")
    await levels(signal.SIGUSR2, "DEBUG", "INFO")
    await ask(api, "GET", "/health/live")
    await levels(signal.SIGUSR2, "DEBUG", "INFO", "WARNING")
    await ask(api, "POST", "/probes/7")
    await levels(signal.SIGUSR1, "DEBUG", "INFO", "WARNING", "INFO")

    (request,) = [line for line in api.lines if line["event"] == "http.request"]
    assert ("debug", "/health/live") == (request["level"], request["route"])
