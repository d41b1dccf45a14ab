"""What an autoscaler asks for: how much there is for the consumers to do."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Response

from ..db import DATABASE_ERRORS, reason_of
from ..errors import BrokerUnavailable


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
