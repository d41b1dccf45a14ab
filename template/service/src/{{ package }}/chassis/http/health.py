"""Probes and metrics, the same for every role; and the backlog that an autoscaler asks for."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, disable_created_metrics, generate_latest

from ..db import DATABASE_ERRORS, reason_of
from ..errors import BrokerUnavailable
from ..messaging.observing.health import Health
from .problems import install
from .request_log import RequestLog

# The time at which a series began is of no use, and doubles what is scraped.
disable_created_metrics()  # type: ignore[no-untyped-call]
Problems = Callable[[], Awaitable[Mapping[str, str]]]


def health_router(health: Health, problems: Problems) -> APIRouter:
    """`/health/live` fails if a restart would help, `/health/ready` if a server is missing."""
    router = APIRouter(include_in_schema=False)

    @router.get("/health/live")
    async def live(response: Response) -> dict[str, object]:
        stalled = health.stalled
        response.status_code = 503 if stalled else 200
        return {"alive": not stalled, "stalled": stalled}

    @router.get("/health/ready")
    async def ready(response: Response) -> dict[str, object]:
        found = await problems()
        response.status_code = 503 if found else 200
        return {"ready": not found, "problems": dict(found)}

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


def health_app(health: Health) -> FastAPI:
    """The application of relay and consumer."""

    async def problems() -> Mapping[str, str]:
        return health.problems

    app = FastAPI(openapi_url=None)
    install(app)
    app.include_router(health_router(health, problems))
    app.add_middleware(RequestLog)
    return app


def backlog_router(work: Callable[[], Awaitable[int]]) -> APIRouter:
    """`/backlog`, served by the relay: it runs also while no consumer does."""
    router = APIRouter(include_in_schema=False)

    @router.get("/backlog")
    async def backlog(response: Response) -> dict[str, object]:
        try:
            return {"events": await work()}
        except (BrokerUnavailable, *DATABASE_ERRORS) as error:
            response.status_code = 503
            return {"problem": reason_of(error)}

    return router
