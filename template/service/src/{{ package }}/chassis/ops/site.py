"""The desk put together: what is at which address, and what it takes to be there."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

from starlette.routing import Match, Route
from starlette.types import Scope

from ..db import Database
from ..messaging.handlers import Handler
from ..settings import Settings
from .decisions import Decisions
from .guard import LOGIN, ROOT, Guard
from .html import ASSETS, asset
from .login import Login
from .overview import read_overview
from .pages import Pages
from .sessions import Sessions

CONNECTIONS = 4
"""To Postgres, of the desk's own: what it asks never waits for the API, nor the API for it."""


class _Named(Route):
    """Tells the request log which of them it is, as FastAPI's routes do."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, more = super().matches(scope)
        return match, {**more, "route": self}


@asynccontextmanager
async def open_desk(
    service: str, settings: Settings, handlers: Mapping[str, Sequence[Handler]]
) -> AsyncIterator[Sequence[Route]]:
    """The routes of the desk; none without a token. Servers are connected to when it is used."""
    if settings.ops_token is None:
        yield []
        return
    database = Database(
        settings.database_url.get_secret_value(), role=f"{service}-desk", statement_timeout="10s"
    )
    engine = database.engine(CONNECTIONS)
    redis_url = settings.redis_url.get_secret_value()
    overview = partial(read_overview, engine, redis_url, settings.key_prefix)
    pages = Pages(engine, Decisions(engine, handlers), overview)
    try:
        yield _routes(Sessions(settings.ops_token.get_secret_value()), pages)
    finally:
        await engine.dispose()


def _routes(sessions: Sessions, pages: Pages) -> Sequence[Route]:
    guard = Guard(sessions)
    login = Login(sessions, guard)
    shown = {
        ROOT: guard.read(pages.overview),
        f"{ROOT}/letters": guard.read(pages.letters),
        f"{ROOT}/letters/{{number}}": guard.read(pages.letter),
        f"{ROOT}/confirm": guard.read(pages.confirm),
        LOGIN: login.show,
    } | {f"{ROOT}/{name}": partial(asset, name) for name in ASSETS}
    sent = {
        LOGIN: guard.write(login.log_in, "guest"),
        f"{ROOT}/logout": guard.write(login.log_out),
        f"{ROOT}/decide": guard.write(pages.decide),
    }
    return [
        *(_Named(path, endpoint, methods=["GET"]) for path, endpoint in shown.items()),
        *(_Named(path, endpoint, methods=["POST"]) for path, endpoint in sent.items()),
    ]
