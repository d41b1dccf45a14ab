"""What stands before every page: the session, the form's own token, and errors as pages."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import quote

import structlog
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ..db import DATABASE_ERRORS, reason_of
from ..errors import NotFound
from .forms import BadForm, read_form, text
from .html import HEADERS, page
from .sessions import HOURS, Session, Sessions

READING = 10.0
WRITING = 60.0
"""Seconds that a page may take."""
ROOT = "/ops"
LOGIN = f"{ROOT}/login"
_COOKIES = {"operator": ("desk", ROOT), "guest": ("desk-login", LOGIN)}
"""Of each kind of session: the end of the cookie's name, and its path."""
_OWN_PAGE = re.compile(r"/ops(/letters(/\d{1,19})?)?(\?[\w=&%.+-]*)?", re.ASCII)

log = structlog.get_logger()

Endpoint = Callable[[Request], Awaitable[Response]]
Read = Callable[[Request, Session], Awaitable[Response]]
Write = Callable[[Request, Session, QueryParams], Awaitable[Response]]


class Guard:
    """Lets operators through to the pages."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def read(self, show: Read) -> Endpoint:
        """A page for operators; everybody else is led to the login, and back afterwards."""

        async def endpoint(request: Request) -> Response:
            session = self.session(request, "operator")
            if session is None:
                return _to_login(request)
            async with asyncio.timeout(READING):
                return await show(request, session)

        return _with_error_pages(endpoint)

    def write(self, act: Write, kind: str = "operator") -> Endpoint:
        """A form, which has to come from a page of this very session."""

        async def endpoint(request: Request) -> Response:
            session = self.session(request, kind)
            fields = await read_form(request)
            if session is None:
                raise BadForm("You are logged out. Log in again.", HTTPStatus.FORBIDDEN)
            if not session.owns(text(fields, "form_token")):
                raise BadForm(
                    "The form belongs to another session. Load the page again.",
                    HTTPStatus.FORBIDDEN,
                )
            async with asyncio.timeout(WRITING):
                return await act(request, session, fields)

        return _with_error_pages(endpoint)

    def session(self, request: Request, kind: str) -> Session | None:
        """The session of a request."""
        name, _ = _cookie(request, kind)
        return self._sessions.read(request.cookies.get(name, ""), kind)


def _with_error_pages(endpoint: Endpoint) -> Endpoint:
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (BadForm, NotFound) as error:
            return _notice(request, error.status, str(error))
        except DATABASE_ERRORS as error:
            return _unavailable(request, error, reason_of(error))
        except TimeoutError as error:
            return _unavailable(request, error, "no answer in time")

    return answered


def _unavailable(request: Request, error: Exception, reason: str) -> Response:
    log.error("http.failed", error=type(error).__name__, reason=f"Postgres: {reason}")
    return _notice(request, HTTPStatus.SERVICE_UNAVAILABLE, f"Postgres: {reason}.")


def _notice(request: Request, status: int, explanation: str) -> Response:
    context = {"title": HTTPStatus(status).phrase, "explanation": explanation}
    return page(request, "notice", context, status)


def _to_login(request: Request) -> Response:
    """A link on another site brings no cookie, be there a session or not; one of ours does."""
    address = own_page(f"{request.url.path}?{request.url.query}".rstrip("?"))
    if request.headers.get("sec-fetch-site") == "cross-site":
        return page(request, "notice", {"title": "The desk", "address": address})
    return redirect(f"{LOGIN}?next={quote(address)}")


def own_page(address: str) -> str:
    """A page of the desk to go to after the login: this one, if it is one that only shows."""
    return address if _OWN_PAGE.fullmatch(address) else ROOT


def redirect(address: str) -> Response:
    """Go there, by GET."""
    return RedirectResponse(address, int(HTTPStatus.SEE_OTHER), HEADERS)


def keep(response: Response, request: Request, session: Session) -> None:
    """Let the browser remember a session, and send it only where it came from."""
    forwarded = request.headers.get("x-forwarded-proto", "")
    name, path = _cookie(request, session.kind)
    response.set_cookie(
        name,
        session.cookie,
        max_age=HOURS * 3600,
        path=path,
        httponly=True,
        samesite="strict",
        secure="https" in (request.url.scheme, forwarded),
    )


def forget(response: Response, request: Request, session: Session) -> None:
    """Let the browser forget a session."""
    name, path = _cookie(request, session.kind)
    response.delete_cookie(name, path, httponly=True, samesite="strict")


def _cookie(request: Request, kind: str) -> tuple[str, str]:
    """Name and path of a cookie; services on one host differ by their names."""
    name, path = _COOKIES[kind]
    return f"{request.app.title}-{name}", path
