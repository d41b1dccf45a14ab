"""The probes: not alive is a process whose loop hangs, whatever its servers do."""

from collections.abc import AsyncIterator

import httpx
import pytest

from orders.chassis.http.health import health_app
from orders.chassis.messaging.observing import health
from orders.chassis.messaging.publishing import relay

from ..deliveries import ready
from ..line import Line
from ..pipe import STREAM, Pipe, eventually, handler
from ..relaying import relaying


@pytest.fixture
async def probes(pipe: Pipe) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the probes that relay and consumer serve."""
    transport = httpx.ASGITransport(health_app(pipe.health))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize("loop", ["relay", f"stream {STREAM}"])
async def test_a_loop_that_does_not_turn_is_told_by_the_liveness_probe(
    pipe: Pipe,
    redis_line: Line,
    probes: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    loop: str,
) -> None:
    monkeypatch.setattr(relay, "POLL", 0.02)
    monkeypatch.setattr(health, "STALLED", 0.2)

    async def lives() -> bool:
        return (await probes.get("/health/live")).status_code == 200

    async def hangs() -> bool:
        answer = await probes.get("/health/live")
        return (answer.status_code, answer.json()) == (503, {"alive": False, "stalled": [loop]})

    async with relaying(pipe) if loop == "relay" else pipe.consuming(handler()):
        await eventually(lambda: ready(pipe))
        await eventually(lives)
        redis_line.silence()  # it waits for an answer for longer than it may stand still here
        await eventually(hangs)
        redis_line.restore()
        await eventually(lives)


async def test_a_part_that_does_not_work_is_told_by_the_readiness_probe(
    pipe: Pipe, probes: httpx.AsyncClient
) -> None:
    pipe.health.failing("relay", "no answer")
    found = await probes.get("/health/ready")
    assert (503, {"relay": "no answer"}) == (found.status_code, found.json()["problems"])
    assert (await probes.get("/health/live")).status_code == 200

    pipe.health.working("relay")

    assert (await probes.get("/health/ready")).status_code == 200


async def test_a_consumer_is_not_ready_before_it_read(pipe: Pipe) -> None:
    async with pipe.consuming(handler()):
        assert pipe.health.problems == {f"stream {STREAM}": "starting"}
