"""Postgres as one command uses it; an error there is one line."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from ..db import is_unmigrated, reason_of
from ..errors import DatabaseUnavailable
from ..http.serving import run
from ..logging import configure
from ..roles.wiring import database
from ..service import AnyService
from ..settings import Settings

_T = TypeVar("_T")


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
    """One connection, made when it is first needed."""
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
