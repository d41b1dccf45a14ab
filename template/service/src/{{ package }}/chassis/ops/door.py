"""Logging in and out."""

from http import HTTPStatus

import structlog
from starlette.requests import Request
from starlette.responses import Response

from .forms import Fields, first, query
from .guard import LOGIN, ROOT, Guard, cookie_of, keep, own_page, redirect
from .html import page
from .sessions import Session, Sessions
from .tries import Tries

log = structlog.get_logger()


class Door:
    """The login of one process."""

    def __init__(self, sessions: Sessions, guard: Guard) -> None:
        self._sessions = sessions
        self._guard = guard
        self._tries = Tries()

    async def ask(self, request: Request) -> Response:
        """The form that asks for the token."""
        if self._guard.session(request, "operator"):
            return redirect(ROOT)
        guest = self._guard.session(request, "guest") or self._sessions.open("guest")
        return self._form(request, guest, own_page(first(query(request.query_params), "next")))

    async def enter(self, request: Request, guest: Session, fields: Fields) -> Response:
        """Open a session for whoever has the token."""
        client = request.client.host if request.client else ""
        address = own_page(first(fields, "next"))
        if seconds := self._tries.admit(client):
            problem = f"Too many tries. Try again in {seconds} s."
            response = self._form(request, guest, address, problem, HTTPStatus.TOO_MANY_REQUESTS)
            response.headers["Retry-After"] = str(seconds)
            return response
        if not self._sessions.admits(first(fields, "token")):
            log.warning("desk.login_refused", client=client)
            problem = "That is not the token: it is what OPS_TOKEN is set to."
            return self._form(request, guest, address, problem, HTTPStatus.FORBIDDEN)
        self._tries.forget(client)
        session = self._sessions.open("operator")
        log.info("desk.login", client=client, operator=session.name)
        response = redirect(address)
        keep(response, request, session, self._sessions.cookie(session))
        return response

    async def leave(self, request: Request, session: Session, __: Fields) -> Response:
        """Let the browser forget the session."""
        log.info("desk.logout", operator=session.name)
        response = redirect(LOGIN)
        name, path = cookie_of(request, session.kind)
        response.delete_cookie(name, path, httponly=True, samesite="strict")
        return response

    def _form(
        self,
        request: Request,
        guest: Session,
        address: str,
        problem: str = "",
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Response:
        form_token = self._sessions.form_token(guest)
        context = {"form_token": form_token, "next": address, "problem": problem}
        response = page(request, "login", {"title": "Log in"} | context, status)
        keep(response, request, guest, self._sessions.cookie(guest))
        return response
