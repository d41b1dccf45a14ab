"""Logging in and out, and how often a login may be tried."""

import math
import time
from collections import deque
from collections.abc import Callable
from http import HTTPStatus

import structlog
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from .forms import text
from .guard import LOGIN, ROOT, Guard, forget, keep, own_page, redirect
from .html import page
from .sessions import Session, Sessions

WINDOW = 60
"""Seconds for which an attempt counts."""
MAX_PER_CLIENT = 5
MAX_IN_ALL = 30

log = structlog.get_logger()


class LoginRateLimit:
    """The attempts at this process. It remembers MAX_IN_ALL, however many clients come."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._attempts: deque[tuple[float, str]] = deque()

    def admit(self, client: str) -> int:
        """Count an attempt and return 0; or the seconds to wait, and then it does not count."""
        now = self._clock()
        while self._attempts and self._attempts[0][0] <= now - WINDOW:
            self._attempts.popleft()
        every = [at for at, _ in self._attempts]
        own = [at for at, who in self._attempts if who == client]
        if len(own) < MAX_PER_CLIENT and len(every) < MAX_IN_ALL:
            self._attempts.append((now, client))
            return 0
        first = own[0] if len(own) >= MAX_PER_CLIENT else every[0]
        return math.ceil(first + WINDOW - now)

    def reset(self, client: str) -> None:
        """Drop the attempts of a client that had the token."""
        self._attempts = deque((at, who) for at, who in self._attempts if who != client)


class Login:
    """The login of one process."""

    def __init__(self, sessions: Sessions, guard: Guard) -> None:
        self._sessions = sessions
        self._guard = guard
        self._limit = LoginRateLimit()

    async def show(self, request: Request) -> Response:
        """The form that asks for the token."""
        if self._guard.session(request, "operator"):
            return redirect(ROOT)
        guest = self._guard.session(request, "guest") or self._sessions.open("guest")
        return self._form(request, guest, own_page(text(request.query_params, "next")))

    async def log_in(self, request: Request, guest: Session, fields: QueryParams) -> Response:
        """Open a session for whoever has the token."""
        client = request.client.host if request.client else ""
        address = own_page(text(fields, "next"))
        if seconds := self._limit.admit(client):
            problem = f"Too many attempts. Try again in {seconds} s."
            response = self._form(request, guest, address, problem, HTTPStatus.TOO_MANY_REQUESTS)
            response.headers["Retry-After"] = str(seconds)
            return response
        if not self._sessions.admits(text(fields, "token")):
            log.warning("desk.login_refused", client=client)
            problem = "Wrong token. The token is the value of OPS_TOKEN."
            return self._form(request, guest, address, problem, HTTPStatus.FORBIDDEN)
        self._limit.reset(client)
        session = self._sessions.open("operator")
        log.info("desk.login", client=client, operator=session.name)
        response = redirect(address)
        keep(response, request, session)
        return response

    async def log_out(self, request: Request, session: Session, _: QueryParams) -> Response:
        """Let the browser forget the session."""
        log.info("desk.logout", operator=session.name)
        response = redirect(LOGIN)
        forget(response, request, session)
        return response

    def _form(
        self,
        request: Request,
        guest: Session,
        address: str,
        problem: str = "",
        status: HTTPStatus = HTTPStatus.OK,
    ) -> Response:
        context = {
            "title": "Log in",
            "form_token": guest.form_token,
            "next": address,
            "problem": problem,
        }
        response = page(request, "login", context, status)
        keep(response, request, guest)
        return response
