"""What every process of the service starts from: its events and handlers, and its database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from . import SERVICE, events, handlers
from .db import Database
from .discovery import import_modules
from .messaging.outbox import Outbox
from .messaging.poke import Poker
from .settings import Settings
from .statements import trace_statements
from .tracing import exports
from .uow import UnitsOfWork


def discover() -> None:
    """Import every event and handler, so that the registries know them."""
    import_modules(events)
    import_modules(handlers)


def database(settings: Settings, role: str, idle_in_transaction: float = 30) -> Database:
    """The service's database, as `role` sees it."""
    url = settings.database_url.get_secret_value()
    return Database(url, role=f"{SERVICE}-{role}", idle_in_transaction=idle_in_transaction)


@asynccontextmanager
async def units_of_work(
    settings: Settings, database: Database, pool_size: int
) -> AsyncIterator[tuple[UnitsOfWork, Poker]]:
    """Units of work on a pool of connections, and the poker that a role has to run."""
    poker = Poker(database)
    engine = database.engine(pool_size)
    if exports(settings):
        trace_statements(engine)
    try:
        yield UnitsOfWork(engine, Outbox(SERVICE, settings.event_max_bytes, poker.poke)), poker
    finally:
        await engine.dispose()
