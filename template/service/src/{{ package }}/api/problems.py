"""Errors as `application/problem+json` (RFC 9457)."""

from http import HTTPStatus

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException as StarletteHTTPException

from ..db import is_infrastructure, is_unmigrated
from ..errors import ServiceError

log = structlog.get_logger()


def problem(status: int, detail: str, **more: object) -> JSONResponse:
    """One problem, titled by its status."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    return JSONResponse(
        jsonable_encoder(body | {"detail": detail} | more),
        status_code=status,
        media_type="application/problem+json",
    )


def install(app: FastAPI) -> None:
    """Answer every error as a problem; what is not the client's is logged."""

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
    async def http_error(_: Request, error: HTTPException) -> JSONResponse:
        response = problem(error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [{"at": e["loc"], "reason": e["msg"]} for e in error.errors()]
        return problem(422, "the request is not valid", errors=errors)
