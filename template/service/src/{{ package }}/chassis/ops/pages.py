"""The desk's pages: each is made of what the database and the streams say right now."""

from collections.abc import Awaitable, Callable, Mapping

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from .. import texts
from ..errors import NotFound
from ..messaging.dead_letters import queries
from ..messaging.dead_letters.selection import Selection
from ..messaging.dead_letters.store import entry_fields
from .decisions import Decisions
from .forms import number, numbers, read_command, text
from .guard import ROOT, redirect
from .html import page
from .overview import MAX_GROUPS
from .sessions import Session

PAGE = 50
"""Dead letters on a page."""

log = structlog.get_logger()

ReadOverview = Callable[[], Awaitable[Mapping[str, object]]]


class Pages:
    """What operators get to see."""

    def __init__(
        self, engine: AsyncEngine, decisions: Decisions, read_overview: ReadOverview
    ) -> None:
        self._engine = engine
        self._decisions = decisions
        self._read_overview = read_overview

    async def overview(self, request: Request, session: Session) -> Response:
        """Everything at a glance."""
        context = {"max_groups": MAX_GROUPS, **await self._read_overview()}
        return _page(request, "overview", session, "Overview", **context)

    async def letters(self, request: Request, session: Session) -> Response:
        """The dead letters of these numbers, or a page of the undecided ones."""
        fields = request.query_params
        ids = numbers(fields)
        if len(ids) == 1:
            return redirect(f"{ROOT}/letters/{ids[0]}")
        if ids:
            found = await queries.in_brief(self._engine, Selection(ids, decided=True), len(ids))
            title = "Chosen dead letters"
            return _page(request, "letters", session, title, letters=found, waiting=None)
        group, after = text(fields, "group") or None, number(fields.get("after") or "0")
        found = await queries.in_brief(self._engine, Selection(group=group), PAGE + 1, after)
        waiting = await queries.waiting(self._engine, group)
        title = f"Dead letters of group {texts.printable(group)}" if group else "Dead letters"
        context = {"group": group, "waiting": waiting, "after": after, "more": len(found) > PAGE}
        return _page(request, "letters", session, title, letters=found[:PAGE], **context)

    async def letter(self, request: Request, session: Session) -> Response:
        """One dead letter in full."""
        wanted = number(request.path_params["number"])
        found = await queries.find(self._engine, wanted)
        if found is None:
            raise NotFound(f"Dead letter {wanted} does not exist.")
        envelope, payload = texts.envelope_and_payload(entry_fields(found.entry))
        context = {"letter": found, "facts": texts.facts(found), "reasons": texts.REASONS}
        context |= {"envelope": envelope, "payload": payload}
        return _page(request, "letter", session, f"Dead letter {wanted}", **context)

    async def confirm(self, request: Request, session: Session) -> Response:
        """What a command would do, and the button that does it."""
        command = read_command(request.query_params)
        preview = await self._decisions.preview(command)
        return _page(request, "confirm", session, f"{command.action.title()}?", found=preview)

    async def decide(self, request: Request, session: Session, fields: QueryParams) -> Response:
        """Carry a command out, and show its result."""
        command = read_command(fields)
        result = await self._decisions.carry_out(command)
        log.warning(
            "desk.decided",
            action=command.action,
            dead_letters=len(result.done),
            group=command.group or None,
            ids=command.ids,
            operator=session.name,
        )
        title = f"{command.action.title()}: result"
        return _page(request, "result", session, title, result=result)


def _page(request: Request, name: str, session: Session, title: str, **context: object) -> Response:
    return page(request, name, {"title": title, "form_token": session.form_token} | context)
