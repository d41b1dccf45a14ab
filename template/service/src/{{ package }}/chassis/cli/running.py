"""Running the work of a command: a role until it is stopped, or some work on the database."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from ..db import is_unmigrated, reason_of
from ..errors import DatabaseUnavailable
from ..http.serving import run, stop_signals
from ..logging import configure
from ..roles.wiring import database
from ..service import AnyService
from ..settings import Settings
from ..tracing.setup import tracing

_T = TypeVar("_T")


def run_role(
    service: AnyService,
    role: str,
    role_loop: Callable[[AnyService, Settings, asyncio.Event], Awaitable[None]],
    settings: Settings,
) -> None:
    """Run a role until SIGTERM or SIGINT."""
    configure(service.name, role, settings.log_level, settings.log_format)
    with tracing(service.name, settings, role):
        gc.freeze()  # imported modules are no garbage: the collector need not visit them again
        run(until_signalled(partial(role_loop, service, settings)))


async def until_signalled(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Do the work, which ends early when SIGTERM or SIGINT sets its event."""
    with stop_signals() as stopping:
        await work(stopping)


def on_database(service: AnyService, work: Callable[[AsyncEngine], Awaitable[_T]]) -> _T:
    """Do a command's work on the database of the settings."""
    settings = service.load_settings()
    # An error is printed as one line; log lines do not belong into what a command prints.
    configure(service.name, "cli", "CRITICAL", settings.log_format)

    async def connected_work() -> _T:
        async with connected(service, settings) as engine:
            return await work(engine)

    return run(connected_work())


@asynccontextmanager
async def connected(service: AnyService, settings: Settings) -> AsyncIterator[AsyncEngine]:
    """One connection, made when it is first needed. An error of Postgres is one line."""
    engine = database(service, settings, "cli").engine(pool_size=1)
    try:
        yield engine
    except DBAPIError as error:
        if is_unmigrated(error):
            raise DatabaseUnavailable(
                f"the database is not migrated; run: {service.name} migrate"
            ) from error
        raise DatabaseUnavailable(f"Postgres: {reason_of(error)}") from error
    finally:
        await engine.dispose()
