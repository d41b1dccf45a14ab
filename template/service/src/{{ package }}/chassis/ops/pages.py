"""The desk's pages: each is made of what the database and the streams tell right now."""

from http import HTTPStatus

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.responses import Response

from ..messaging.dead_letters import queries as desk
from ..messaging.dead_letters.selection import Selection
from ..texts import printable
from .decisions import Decisions
from .forms import Fields, Unfit, first, meant, number, numbers, query
from .html import page
from .letters import shown
from .overview import look
from .sessions import Session, Sessions

PAGE = 50
"""Dead letters on a page."""

log = structlog.get_logger()


class Pages:
    """What operators get to see."""

    def __init__(
        self,
        sessions: Sessions,
        engine: AsyncEngine,
        decisions: Decisions,
        *,
        redis_url: str,
        key_prefix: str,
    ) -> None:
        self._sessions = sessions
        self._engine = engine
        self._decisions = decisions
        self._redis_url = redis_url
        self._key_prefix = key_prefix

    async def overview(self, request: Request, session: Session) -> Response:
        """Everything at a glance."""
        found = await look(self._engine, self._redis_url, self._key_prefix)
        return self._page(request, "overview", session, "Overview", found=found)

    async def letters(self, request: Request, session: Session) -> Response:
        """A page of dead letters that wait, of one group or of all."""
        fields = query(request.query_params)
        if ids := numbers(fields):
            return await self._chosen(request, ids, session)
        group, after = first(fields, "group") or None, number(first(fields, "after") or "0")
        found = [
            letter
            async for some in desk.in_brief(self._engine, Selection(group=group), PAGE + 1, after)
            for letter in some
        ]
        waiting = await desk.waiting(self._engine, group)
        title = f"Dead letters of group {printable(group)}" if group else "Dead letters"
        context = {"group": group, "waiting": waiting, "after": after, "more": len(found) > PAGE}
        return self._page(request, "letters", session, title, letters=found[:PAGE], **context)

    async def _chosen(self, request: Request, ids: tuple[int, ...], session: Session) -> Response:
        """These dead letters, decided on or not."""
        chosen = Selection(ids, decided=True)
        pages = desk.in_brief(self._engine, chosen, len(ids))
        found = [letter async for some in pages for letter in some]
        return self._page(request, "chosen", session, "Chosen dead letters", letters=found)

    async def letter(self, request: Request, session: Session) -> Response:
        """One dead letter in full."""
        wanted = number(request.path_params["number"])
        found = await desk.find(self._engine, wanted)
        if found is None:
            raise Unfit(HTTPStatus.NOT_FOUND, f"There is no dead letter {wanted}.")
        return self._page(request, "letter", session, f"Dead letter {wanted}", **shown(found))

    async def confirm(self, request: Request, session: Session) -> Response:
        """What a decision would do, and the button that does it."""
        asked = meant(query(request.query_params))
        found = await self._decisions.prospect(asked)
        return self._page(request, "confirm", session, f"{asked.action.title()}?", found=found)

    async def decide(self, request: Request, session: Session, fields: Fields) -> Response:
        """Do it, and tell what came of it."""
        asked = meant(fields)
        result = await self._decisions.decide(asked)
        log.warning(
            "desk.decided",
            action=asked.action,
            dead_letters=len(result.done),
            group=asked.group,
            ids=asked.ids,
            operator=session.name,
        )
        return self._page(
            request, "result", session, f"{asked.action.title()}: result", result=result
        )

    def _page(
        self, request: Request, name: str, session: Session, title: str, **context: object
    ) -> Response:
        form_token = self._sessions.form_token(session)
        return page(request, name, {"title": title, "form_token": form_token} | context)
