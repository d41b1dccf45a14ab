"""Running one role: its loops beside its HTTP port, until a signal ends both."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import structlog
import uvicorn
from starlette.types import ASGIApp

from ..errors import Misconfigured
from ..logging import change_level
from .connection import HEADERS_BYTES, Connection
from .guard import Guard

if sys.platform == "win32":
    from asyncio import new_event_loop
else:
    from uvloop import new_event_loop

_T = TypeVar("_T")
log = structlog.get_logger()


class _Server(uvicorn.Server):
    """Leaves signals to the role, whose loops have to end as well."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise Misconfigured(f"cannot listen on {host}:{port}: {error.strerror}") from error


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run to its end, on uvloop where there is one."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)


@asynccontextmanager
async def http(
    app: ASGIApp, host: str, port: int, drain_timeout: float, max_bytes: int
) -> AsyncIterator[None]:
    """Serve `app` as long as the block runs; requests that still run then get `drain_timeout`.

    A request has at most `max_bytes`.
    """
    server = _Server(
        uvicorn.Config(
            Guard(app, max_bytes),
            http=Connection,
            ws="none",
            h11_max_incomplete_event_size=HEADERS_BYTES,
            server_header=False,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=max(1, int(drain_timeout)),
        )
    )
    with listen(host, port) as sock:
        log.info("http.listening", host=host, port=sock.getsockname()[1])
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving


@contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set. SIGUSR1 logs more meanwhile, SIGUSR2 less."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, stopping, number)
    loop.add_signal_handler(signal.SIGUSR1, change_level, 1)
    loop.add_signal_handler(signal.SIGUSR2, change_level, -1)
    try:
        yield stopping
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _stop(stopping: asyncio.Event, number: Any) -> None:
    if not stopping.is_set():
        log.info("process.stopping", signal=signal.Signals(number).name)
    stopping.set()
