"""The API: routers of every resource, one transaction for each request."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from sqlalchemy import text

from ..db import DATABASE_ERRORS, is_unmigrated
from ..messaging.observing.health import Health
from ..messaging.publishing.notify import OutboxNotifier
from ..messaging.unit_of_work import UnitsOfWork
from ..service import AnyService
from .docs import docs_router
from .health import health_router
from .problems import RESPONSES, install
from .request_log import RequestLog


def create_app(service: AnyService, units: UnitsOfWork, notifier: OutboxNotifier) -> FastAPI:
    """The application; its routers are those of the service's modules in `api/`."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        notifying = asyncio.create_task(notifier.run())
        yield
        notifying.cancel()

    app = FastAPI(
        title=service.name, lifespan=lifespan, docs_url=None, redoc_url=None, responses=RESPONSES
    )
    app.state.units = units
    install(app)
    app.include_router(docs_router(service.name))
    app.include_router(health_router(Health(), lambda: _problems(units)))
    for module in service.routers():
        router = getattr(module, "router", None)
        if isinstance(router, APIRouter):
            app.include_router(router)
    app.add_middleware(RequestLog)
    return app


async def _problems(units: UnitsOfWork) -> Mapping[str, str]:
    try:
        async with asyncio.timeout(5), units.open() as uow:
            await uow.session.execute(text("SELECT 1 FROM outbox LIMIT 1"))
    except (*DATABASE_ERRORS, TimeoutError) as error:
        reason = "not migrated" if is_unmigrated(error) else "no answer"
        return {"postgres": reason}
    return {}
