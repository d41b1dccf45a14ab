"""uvicorn's HTTP connection, with a limit on the time of headers and problems for bad requests."""

import sys
from asyncio import TimerHandle, Transport

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from .guard import with_security
from .problems import problem

HEADERS_BYTES = 32 * 1024
"""The first line of a request and its headers, at most."""
HEADERS_TIME = 10.0
"""Seconds in which they have to be there."""


class Connection(H11Protocol):
    """Closed where a client opens it and is silent, or sends its headers byte by byte."""

    _timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Start the time of the first request."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time."""
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Stop the time when the headers are complete; parts of them do not extend it."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._watch()
        else:
            self._forget()

    def _watch(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HEADERS_TIME, self.timeout_keep_alive_handler)

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or has too many headers, with a problem."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()  # an answer is on its way already
            return
        status = getattr(sys.exception(), "error_status_hint", 400)
        response = problem(status, "the request is not HTTP/1.1, or its headers are too long")
        headers = with_security([*response.raw_headers, (b"connection", b"close")])
        for event in (
            h11.Response(status_code=status, headers=headers),
            h11.Data(data=bytes(response.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
