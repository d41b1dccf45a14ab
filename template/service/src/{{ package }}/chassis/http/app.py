"""The API: the routers of every resource, and the transaction that an endpoint asks for."""

import asyncio
import hashlib
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from sqlalchemy import text
from starlette.responses import HTMLResponse

from ..db import DATABASE_ERRORS, is_unmigrated
from ..messaging.observing.health import Health
from ..messaging.publishing.notify import OutboxNotifier
from ..messaging.unit_of_work import UnitOfWork, UnitsOfWork
from ..service import AnyService
from .health import health_router
from .problems import RESPONSES, install
from .request_log import RequestLog

SWAGGER_PARTS = "https://cdn.jsdelivr.net"
"""Where the page `/docs` loads its own parts from, and from nowhere else."""
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


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


async def _uow(request: Request) -> AsyncIterator[UnitOfWork]:
    units: UnitsOfWork = request.app.state.units
    async with units.open() as uow:
        yield uow


# "function": FastAPI would otherwise commit after the response is sent, and a client could be
# promised what never came to be.
Uow = Annotated[UnitOfWork, Depends(_uow, scope="function")]
"""One transaction for each request: committed before the response, rolled back on any error."""


def docs_router(title: str) -> APIRouter:
    """Serves the page, in the place of FastAPI's."""
    router = APIRouter(include_in_schema=False)
    page = get_swagger_ui_html(
        openapi_url="openapi.json", title=title, swagger_favicon_url="data:,"
    )
    page.headers["content-security-policy"] = _policy(page)

    @router.get("/docs")
    async def docs() -> HTMLResponse:
        return page

    return router


def _policy(page: HTMLResponse) -> str:
    """The one script that stands in the page is allowed by what it says."""
    digests = [hashlib.sha256(script).digest() for script in _INLINE.findall(bytes(page.body))]
    scripts = " ".join(f"'sha256-{b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {scripts} {SWAGGER_PARTS}; "
        f"style-src 'unsafe-inline' {SWAGGER_PARTS}; "
        "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
    )
