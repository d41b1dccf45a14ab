"""The API's rules: commit first, answer then; errors are problems; a trace goes all the way."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.types import Message
from structlog.testing import capture_logs

from orders.chassis.db import Database
from orders.chassis.http.app import Uow, create_app
from orders.chassis.messaging.outbox import Outbox
from orders.chassis.messaging.publishing.notify import CHANNEL, OutboxNotifier
from orders.chassis.messaging.unit_of_work import UnitsOfWork
from orders.chassis.roles.api import run_api
from orders.chassis.settings import Settings

from ..pipe import Pipe, Probed, eventually
from ..service import service

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def notifier(pipe: Pipe) -> OutboxNotifier:
    """What sends notifications as long as the application runs."""
    return OutboxNotifier(pipe.database)


@pytest.fixture
def app(pipe: Pipe, notifier: OutboxNotifier) -> FastAPI:
    """The application, with an endpoint that leaves an effect and one that always fails."""
    app = create_app(service, pipe.units, notifier)

    @app.post("/probed", status_code=201)
    async def probe(uow: Uow, said: str = "", fail: str = "") -> dict[str, str]:
        await uow.session.execute(text("INSERT INTO effects (event_id) VALUES (gen_random_uuid())"))
        uow.emit(Probed(aggregate_id="a", text=said))
        if fail == "late":  # when the endpoint is done: at the commit
            await uow.session.execute(
                text("CREATE TEMP TABLE late (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
            )
            await uow.session.execute(text("INSERT INTO late VALUES (1), (1)"))
        if fail == "early":
            raise RuntimeError("password=hunter2")
        return {}

    @app.get("/probed")
    async def look() -> None: ...

    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is answered even where the application raises."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_the_commit_comes_before_the_response(app: FastAPI, pipe: Pipe) -> None:
    seen: list[int] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            seen.append(len(await pipe.effects()))

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/probed",
        "query_string": b"",
        "headers": [],
    }
    await app(scope, receive, send)

    assert seen == [1]


@pytest.mark.parametrize("fail", ["early", "late"])
async def test_a_request_that_fails_leaves_nothing(
    client: httpx.AsyncClient, pipe: Pipe, fail: str
) -> None:
    answer = await client.post("/probed", params={"fail": fail})

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "hunter2" not in answer.text
    assert not await pipe.rows("SELECT 1 FROM effects UNION ALL SELECT 1 FROM outbox")


async def test_an_event_that_is_too_large_is_a_problem_of_the_clients(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/probed", params={"said": "x" * 5000})

    assert (413, 413) == (answer.status_code, answer.json()["status"])


async def test_an_event_is_notified_of_while_the_application_runs(
    app: FastAPI, client: httpx.AsyncClient, pipe: Pipe, notifier: OutboxNotifier
) -> None:
    notified = asyncio.Event()
    pipe.outbox.notify = notifier.notify
    listener = await pipe.database.connect()
    await listener.add_listener(CHANNEL, lambda *_: notified.set())

    async with app.router.lifespan_context(app), asyncio.timeout(10):
        await client.post("/probed")
        await notified.wait()
    await listener.close()


async def test_without_redis_the_api_works_all_the_same(database_url: str) -> None:
    settings = Settings.model_validate(
        {"database_url": database_url, "redis_url": "redis://127.0.0.1:1/0", "api_port": 0}
    )
    stopping = asyncio.Event()
    with capture_logs() as logs:

        async def ready() -> bool:
            ports = [line["port"] for line in logs if line["event"] == "http.listening"]
            if not ports:
                return False
            async with httpx.AsyncClient() as client:
                answer = await client.get(f"http://127.0.0.1:{ports[0]}/health/ready")
            return answer.status_code == 200

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(run_api(service, settings, stopping))
            await eventually(ready)
            stopping.set()


async def test_what_does_not_exist_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere")

    assert (404, "application/problem+json") == (
        answer.status_code,
        answer.headers["content-type"],
    )


async def test_a_wrong_method_is_a_problem_that_names_the_right_ones(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.put("/probed")

    assert (405, 405) == (answer.status_code, answer.json()["status"])
    assert answer.headers["allow"] == "GET, POST"


async def test_without_its_database_the_api_lives_and_asks_to_come_back_later() -> None:
    nowhere = Database("postgresql://127.0.0.1:1/none", role="tests")
    engine = nowhere.engine(1)
    app = create_app(
        service, UnitsOfWork(engine, Outbox("s", 1, lambda: None)), OutboxNotifier(nowhere)
    )

    @app.get("/reading")
    async def read(uow: Uow) -> None:
        await uow.session.execute(text("SELECT 1"))

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/reading")
        ready, live = await client.get("/health/ready"), await client.get("/health/live")

    assert (503, "application/problem+json") == (
        answer.status_code,
        answer.headers["content-type"],
    )
    assert (503, {"postgres": "no answer"}) == (ready.status_code, ready.json()["problems"])
    assert live.status_code == 200


async def test_the_callers_trace_goes_into_the_outbox(
    client: httpx.AsyncClient, pipe: Pipe
) -> None:
    await client.post("/probed", headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})

    (row,) = await pipe.rows("SELECT attributes FROM outbox")
    assert row.attributes["ce_traceparent"].startswith(f"00-{TRACE}-")


async def test_the_schema_describes_the_api(client: httpx.AsyncClient) -> None:
    described = json.loads((await client.get("/openapi.json")).text)

    assert "/probed" in described["paths"]
    assert "/health/live" not in described["paths"]
