"""The API: routers of every resource, one transaction for each request, one log line for each."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import perf_counter

import structlog
from fastapi import APIRouter, FastAPI
from opentelemetry.trace import SpanKind
from sqlalchemy import text
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import api
from ..db import DATABASE_ERRORS, is_unmigrated
from ..discovery import import_modules
from ..messaging.health import Health
from ..messaging.poke import Poker
from ..messaging.telemetry import span
from ..uow import UnitsOfWork
from .docs import docs_router
from .health import health_router
from .problems import RESPONSES, install

QUIET = ("/health/", "/metrics")
log = structlog.get_logger()


def create_app(title: str, units: UnitsOfWork, poker: Poker) -> FastAPI:
    """The application; its routers are every module in this folder that has a `router`."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        poking = asyncio.create_task(poker.run())
        yield
        poking.cancel()

    app = FastAPI(
        title=title, lifespan=lifespan, docs_url=None, redoc_url=None, responses=RESPONSES
    )
    app.state.units = units
    install(app)
    app.include_router(docs_router(title))
    app.include_router(health_router(Health(), lambda: _problems(units)))
    for module in import_modules(api):
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


class RequestLog:
    """Runs each request in a trace, its caller's if it sends a `traceparent`, and logs it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"].startswith(QUIET):
            await self._app(scope, receive, send)
            return
        status = 500

        async def observe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        carrier = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        started = perf_counter()
        with span(f"{scope['method']} {scope['path']}", SpanKind.SERVER, carrier):
            try:
                await self._app(scope, receive, observe)
            finally:
                log.info(
                    "http.request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    milliseconds=round((perf_counter() - started) * 1000, 1),
                )
