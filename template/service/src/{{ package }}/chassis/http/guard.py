"""The limits of every request, its size and its time, and the headers of every answer."""

import asyncio
from collections.abc import Iterable

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import problem

BODY_TIME = 30.0
"""Seconds in which the whole body of a request has to be there."""
Headers = Iterable[tuple[bytes, bytes]]
# A header that an endpoint sets stays: a page that loads anything has a policy of its own.
HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)

log = structlog.get_logger()


class Guard:
    """Wraps a whole application, its error pages included."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it by its headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": with_security(message.get("headers", ()))}
            await send(message)

        refused = refusal(scope["headers"], self._max_bytes)
        if refused is None:
            await self._app(scope, _Body(receive, self._max_bytes), send_more)
            return
        log.warning("http.refused", status=refused.status_code, reason=refused.detail)
        response = problem(refused.status_code, refused.detail)
        response.headers.update(refused.headers or {})
        await response(scope, receive, send_more)


def refusal(headers: Headers, max_bytes: int) -> HTTPException | None:
    """Why a request is refused before any of its body is read, if it is."""
    given = dict(headers)
    length = given.get(b"content-length", b"0")
    if b"content-length" in given and b"transfer-encoding" in given:
        # Request smuggling: a proxy and this server could disagree on where the body ends.
        return HTTPException(
            400,
            "a request has a Content-Length or a Transfer-Encoding, not both",
            {"Connection": "close"},
        )
    return _too_large(max_bytes) if int(length) > max_bytes else None


def with_security(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, and those of HEADERS that it lacks."""
    given = list(headers)
    names = {name.lower() for name, _ in given}
    return [*given, *(header for header in HEADERS if header[0] not in names)]


def _too_large(max_bytes: int) -> HTTPException:
    return HTTPException(413, f"a request has at most {max_bytes} bytes")


class _Body:
    """Passes a body on as it comes, as long as it keeps to its size and its time, however it is
    sent. The application answers what this raises."""

    def __init__(self, receive: Receive, max_bytes: int) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._size = 0
        self._complete = False
        self._until = asyncio.get_running_loop().time() + BODY_TIME

    async def __call__(self) -> Message:
        if self._complete:
            return await self._receive()  # waits until the client is gone, however long
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            reason = f"the request took more than {BODY_TIME:g} s"
            raise HTTPException(408, reason, {"Connection": "close"}) from None
        self._size += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._size > self._max_bytes:
            raise _too_large(self._max_bytes)
        return message
