"""What the HTTP port takes, on a real socket: so many bytes, in such a time, and nothing odd."""

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from structlog.testing import capture_logs

from orders.chassis.db import Database
from orders.chassis.http import connection, guard
from orders.chassis.http.app import create_app
from orders.chassis.http.health import health_app
from orders.chassis.http.problems import problem
from orders.chassis.http.serving import http
from orders.chassis.messaging.observing.health import Health
from orders.chassis.messaging.outbox import Outbox
from orders.chassis.messaging.publishing.notify import OutboxNotifier
from orders.chassis.messaging.unit_of_work import UnitsOfWork

from ..service import service

MOST = 2048
PROBLEM = "application/problem+json"


def application() -> FastAPI:
    """The application, which needs no database for any of this."""
    nowhere = Database("postgresql://127.0.0.1:1/none", role="tests")
    units = UnitsOfWork(nowhere.engine(1), Outbox("tests", 1, lambda: None))
    return create_app(service, units, OutboxNotifier(nowhere))


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where the application is served, with an endpoint that reads whatever it is sent."""
    app = application()

    @app.post("/probed")
    async def probe(request: Request) -> int:
        return len(await request.body())

    @app.post("/parsed")
    async def parse(body: dict[str, Any]) -> int:
        return len(body)

    @app.get("/broken")
    async def fail() -> None:
        raise RuntimeError

    async for number in _served(app):
        yield number


async def _served(app: FastAPI) -> AsyncIterator[int]:
    with capture_logs() as logs:
        async with http(app, "127.0.0.1", 0, drain_timeout=1, max_bytes=MOST):
            (port,) = [line["port"] for line in logs if line["event"] == "http.listening"]
            yield port


async def exchange(port: int, *parts: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send these bytes and nothing more; the status, the headers and the body of the answer,
    status 0 if the connection ends without one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    try:
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")[:-2]
            headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
            body = await reader.readexactly(int(headers["content-length"]))
    except asyncio.IncompleteReadError:
        return 0, {}, b""
    finally:
        writer.close()
    return int(first.split()[1]), headers, body


def post(path: str, body: bytes, *headers: bytes) -> bytes:
    """A request with its length."""
    lines = [b"POST " + path.encode() + b" HTTP/1.1", b"Host: test", *headers]
    return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])


CHUNKED = b"POST /probed HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_a_body_may_have_so_many_bytes(port: int) -> None:
    assert (await exchange(port, post("/probed", b"x" * MOST)))[2] == b"%d" % MOST


@pytest.mark.parametrize("path", ["/probed", "/nowhere"])
async def test_a_body_that_says_it_is_too_large_is_not_read(port: int, path: str) -> None:
    status, headers, body = await exchange(port, post(path, b"x" * (MOST + 1)))

    assert (413, PROBLEM) == (status, headers["content-type"])
    assert f"at most {MOST} bytes" in json.loads(body)["detail"]


async def test_a_body_that_does_not_say_how_large_it_is_has_no_more_bytes(port: int) -> None:
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"

    assert (await exchange(port, CHUNKED, chunk, chunk, b"0\r\n\r\n"))[2] == b"%d" % MOST
    status, headers, _ = await exchange(port, CHUNKED, chunk, chunk, b"1\r\nx\r\n")
    assert (413, PROBLEM) == (status, headers["content-type"])


async def test_a_body_that_does_not_come_is_not_waited_for(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "BODY_TIME", 0.1)

    status, headers, _ = await exchange(port, CHUNKED, b"1\r\nx\r\n")

    assert (408, PROBLEM, "close") == (status, headers["content-type"], headers["connection"])


@pytest.mark.parametrize("begun", [b"", b"GET /", b"GET / HTTP/1.1\r\nHost: test\r\n"])
async def test_a_client_that_sends_no_whole_request_is_let_go(
    port: int, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(connection, "HEADERS_TIME", 0.1)

    assert (await exchange(port, begun))[0] == 0


async def test_headers_that_come_byte_by_byte_get_no_more_time(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEADERS_TIME", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def trickle() -> None:
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.05)

    trickling = asyncio.create_task(trickle())
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    trickling.cancel()
    writer.close()


async def test_a_request_that_takes_long_to_answer_is_no_slow_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "HEADERS_TIME", 0.05)
    monkeypatch.setattr(guard, "BODY_TIME", 0.05)
    app = FastAPI()

    @app.post("/slow")
    async def answer_late() -> str:
        await asyncio.sleep(0.2)
        return "there"

    async for port in _served(app):
        assert (await exchange(port, post("/slow", b"{}")))[2] == b'"there"'


ODD_REQUESTS = [
    (431, b"GET / HTTP/1.1\r\nHost: test\r\nX: " + b"x" * connection.HEADERS_BYTES),
    (431, b"GET /" + b"x" * connection.HEADERS_BYTES),
    (400, b"\x16\x03\x01 no HTTP at all\r\n\r\n"),
    (400, b"GET / HTTP/1.1\r\n\r\n"),
    (400, post("/probed", b"", b"Transfer-Encoding: chunked")),
    (400, post("/probed", b"", b"Content-Length: 5")),
    (400, b"POST /probed HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
    (400, b"POST /probed HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n"),
    (400, CHUNKED + b"zz\r\n"),
    (501, post("/probed", b"", b"Transfer-Encoding: gzip, chunked")),
    (501, post("/probed", b"", b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked")),
]


async def test_what_is_no_proper_request_is_refused_as_a_problem(port: int) -> None:
    for status, request in ODD_REQUESTS:
        found, headers, body = await exchange(port, request)

        assert (status, PROBLEM, "close") == (
            found,
            headers["content-type"],
            headers["connection"],
        ), request[:200]
        assert json.loads(body)["status"] == status


async def test_garbage_behind_a_request_that_is_answered_harms_nobody(port: int) -> None:
    """It comes when the answer is on its way: the connection ends, and the next one works."""
    early = CHUNKED.replace(b"/probed", b"/nowhere")
    assert (await exchange(port, early + b"1\r\n", b"x\r\nzz\r\n"))[0] in (0, 400, 404)

    assert (await exchange(port, post("/probed", b"x")))[0] == 200


ODD_BODIES = [
    *(b"[" * 1000 + b"]" * 1000, b"[" * MOST, b'{"a": ' * 250 + b"1" + b"}" * 250),
    *(b"\xff\xfe\xfa", b'{"\\ud800": 1}', b'{"a": ' + b"9" * 2000 + b"}"),
    *(b'{"a": 1e999, "b": NaN}', b'{"a": 1, "a": 2}', b"{", b"", b"null"),
]


async def test_odd_json_is_no_error_of_ours(port: int) -> None:
    for body in ODD_BODIES:
        request = post("/parsed", body, b"Content-Type: application/json")

        status, headers, _ = await exchange(port, request)

        assert status in (200, 400, 422), body[:200]
        assert headers["content-type"] == ("application/json" if status == 200 else PROBLEM)


def test_a_refusal_may_quote_what_is_no_text() -> None:
    assert json.loads(bytes(problem(404, "no \ud800").body))["detail"] == "no \ud800"


async def test_a_request_with_many_errors_is_answered_with_the_first_of_them() -> None:
    app = application()

    @app.post("/numbers")
    async def take(body: list[int]) -> None: ...

    async for port in _served(app):
        wrong = json.dumps(["x"] * 400).encode()
        _, _, body = await exchange(
            port, post("/numbers", wrong, b"Content-Type: application/json")
        )

    assert len(json.loads(body)["errors"]) == 20


@pytest.mark.parametrize("path", ["/health/live", "/nowhere", "/broken", "/openapi.json"])
async def test_every_answer_bears_the_headers_that_browsers_heed(port: int, path: str) -> None:
    async with httpx.AsyncClient() as client:
        headers = (await client.get(f"http://127.0.0.1:{port}{path}")).headers

    for name, value in guard.HEADERS:
        assert headers[name.decode()] == value.decode()
    assert "server" not in headers


async def test_the_docs_may_load_their_parts_and_nothing_else(port: int) -> None:
    async with httpx.AsyncClient() as client:
        page = await client.get(f"http://127.0.0.1:{port}/docs")
    policy = dict(
        part.split(" ", 1) for part in page.headers["content-security-policy"].split("; ")
    )

    assert "SwaggerUIBundle({" in page.text
    assert "'unsafe-inline'" not in policy["script-src"]
    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy["script-src"].split()
    for loaded in ('src="https://cdn.jsdelivr.net/', 'href="https://cdn.jsdelivr.net/'):
        assert loaded in page.text
    assert "fastapi.tiangolo.com" not in page.text


async def test_the_other_roles_refuse_in_the_same_way() -> None:
    async for port in _served(health_app(Health())):
        status, headers, _ = await exchange(port, post("/nowhere", b"x" * (MOST + 1)))
        unknown, more, _ = await exchange(port, b"GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\n")

    assert (413, PROBLEM) == (status, headers["content-type"])
    assert (404, PROBLEM) == (unknown, more["content-type"])
