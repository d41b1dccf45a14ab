"""Errors as `application/problem+json` (RFC 9457)."""

import json
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import Match

from ..db import is_infrastructure, is_unmigrated
from ..errors import ServiceError

MEDIA_TYPE = "application/problem+json"
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
MOST_ERRORS = 20
"""So many of the errors of one request are listed."""
_SCHEMA = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request is refused", **_SCHEMA},
    "5XX": {"description": "The service cannot answer now", **_SCHEMA},
}
"""What every endpoint may answer beside its own."""

log = structlog.get_logger()


class Problem(BaseModel):
    """Why a request was refused, or failed."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str


class ProblemResponse(JSONResponse):
    """A problem. What it quotes of a request need not be valid UTF-8, so it is sent as ASCII."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        """The problem as JSON in ASCII."""
        return json.dumps(content).encode()


def problem(status: int, detail: str, **more: object) -> ProblemResponse:
    """One problem, titled by its status."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    return ProblemResponse(jsonable_encoder(body | {"detail": detail} | more), status_code=status)


def install(app: FastAPI) -> None:
    """Answer every error as a problem; those that are not the client's are logged."""
    _describe(app)

    @app.exception_handler(ServiceError)
    async def service_error(_: Request, error: ServiceError) -> JSONResponse:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("http.failed", error=type(error).__name__, reason=str(error))
        return problem(error.status, str(error) if error.status < 500 else "try again later")

    @app.exception_handler(DBAPIError)
    async def database_error(_: Request, error: DBAPIError) -> JSONResponse:
        if is_infrastructure(error) or is_unmigrated(error):
            log.error("http.failed", error=type(error.orig).__name__, reason="database")
            return problem(503, "the database does not answer; try again later")
        raise error

    @app.exception_handler(StarletteHTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        response = problem(error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            response.headers["Allow"] = _allowed(app, request)
        return response

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [{"at": e["loc"], "reason": e["msg"]} for e in error.errors()[:MOST_ERRORS]]
        return problem(422, "the request is not valid", errors=errors)


def _allowed(app: FastAPI, request: Request) -> str:
    """The methods that its path takes: the router names those of one endpoint only."""
    asked = [(method, {**request.scope, "method": method}) for method in METHODS]
    fits = (m for m, s in asked if any(r.matches(s)[0] is Match.FULL for r in app.router.routes))
    return ", ".join(fits)


def _describe(app: FastAPI) -> None:
    """Add the schema of a problem to the OpenAPI document."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        document = described()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = Problem.model_json_schema()
        return document

    app.openapi = openapi  # type: ignore[method-assign]
