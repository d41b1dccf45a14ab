"""What roles are put together from: the database, units of work, an HTTP port."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.types import ASGIApp

from ..db import Database
from ..http.serving import http
from ..messaging.outbox import Outbox
from ..messaging.publishing.notify import OutboxNotifier
from ..messaging.unit_of_work import UnitsOfWork
from ..service import AnyService
from ..settings import Settings
from ..tracing.setup import exports, trace_statements


def database(
    service: AnyService, settings: Settings, role: str, idle_in_transaction: float = 30
) -> Database:
    """The service's database, as `role` sees it."""
    url = settings.database_url.get_secret_value()
    return Database(url, role=f"{service.name}-{role}", idle_in_transaction=idle_in_transaction)


@asynccontextmanager
async def units_of_work(
    service: AnyService, settings: Settings, database: Database, pool_size: int
) -> AsyncIterator[tuple[UnitsOfWork, OutboxNotifier]]:
    """Units of work on a pool of connections, and the notifier that a role has to run."""
    notifier = OutboxNotifier(database)
    engine = database.engine(pool_size)
    if exports(settings):
        trace_statements(engine)
    try:
        outbox = Outbox(service.name, settings.event_max_bytes, notifier.notify)
        yield UnitsOfWork(engine, outbox), notifier
    finally:
        await engine.dispose()


def serving(app: ASGIApp, settings: Settings, port: int) -> AbstractAsyncContextManager[None]:
    """Serve `app` on a role's port as long as the block runs."""
    host, drain_timeout = settings.bind_host, settings.drain_timeout
    return http(app, host, port, drain_timeout, settings.request_max_bytes)
