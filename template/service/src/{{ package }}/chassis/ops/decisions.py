"""Replaying and discarding from the desk: what it would do, then doing it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from ..db import DATABASE_ERRORS, reason_of
from ..messaging.dead_letters import decisions, queries
from ..messaging.dead_letters.store import ANY_HANDLER
from ..messaging.handlers import Handler
from .forms import MAX_LETTERS, Action, Command, query_of

PAUSE_AFTER = 20.0
"""Seconds after which a decision pauses, so that the operator gets a page."""
GIVE_UP_AFTER = 50.0
"""Seconds after which the page no longer waits for Postgres, and shows what is done."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a command would do, and why it would skip each of the numbers that it skips."""

    command: Command
    plan: decisions.Plan
    skipped: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Result:
    """What a command has done, and the problem that stopped it early, if any."""

    preview: Preview
    done: Sequence[int]
    skipped: Mapping[int, str]
    problem: str

    @property
    def left(self) -> int:
        """How many dead letters it did not come to."""
        return self.preview.plan.count - len(self.done)

    @property
    def query(self) -> str:
        """The dead letters that it decided on, or was to decide on, as the query of an address."""
        few = 0 < len(self.done) <= MAX_LETTERS
        return query_of(self.done) if few else self.preview.command.chosen


class Decisions:
    """Decisions on dead letters, with the handlers of this code by the type of their events."""

    def __init__(self, engine: AsyncEngine, handlers: Mapping[str, Sequence[Handler]]) -> None:
        self._engine = engine
        self._handlers = handlers

    async def preview(self, command: Command) -> Preview:
        """Find out what a command would do; dead letters that come later are left out."""
        if command.action is Action.REPLAY:
            plan = await decisions.plan_replay(self._engine, command.selection, self._handlers)
        else:
            plan = await decisions.plan_discard(self._engine, command.selection)
        pinned = replace(command, upto=plan.chosen.upto)
        return Preview(pinned, plan, await self._skipped(command.action, command.ids))

    async def carry_out(self, command: Command) -> Result:
        """Do it, batch by batch. What is done stays done, whatever stops it early."""
        clock = asyncio.get_running_loop().time
        began, done, problem = clock(), list[int](), ""
        preview = await self.preview(command)
        decide = decisions.mark_for_replay if command.action is Action.REPLAY else decisions.discard
        plan, skipped = preview.plan, preview.skipped
        try:
            async with asyncio.timeout_at(began + GIVE_UP_AFTER):
                async for batch in decide(self._engine, plan.chosen):
                    done += batch
                    if clock() > began + PAUSE_AFTER and len(done) < plan.count:
                        problem = "these are too many for one page"
                        break
                others = sorted(set(command.ids) - set(done))
                skipped = await self._skipped(command.action, others, "a consumer is replaying it")
        except DATABASE_ERRORS as error:
            problem = reason_of(error)
        except TimeoutError:
            problem = "Postgres does not answer in time"
        return Result(preview, done, skipped, problem)

    async def _skipped(
        self, action: Action, ids: Sequence[int], otherwise: str = ""
    ) -> Mapping[int, str]:
        """Why each of these dead letters is skipped, if it is."""
        found = {letter.id: letter for letter in await queries.named(self._engine, ids)}
        known = decisions.handled(self._handlers)
        reasons = {one: _obstacle(action, found.get(one), known) or otherwise for one in ids}
        return {one: reason for one, reason in reasons.items() if reason}


def _obstacle(action: Action, letter: Row[Any] | None, known: set[tuple[str, str]]) -> str:
    if letter is None:
        return "no such dead letter"
    if letter.state in ("replayed", "discarded"):
        return f"already {letter.state}"
    if action is Action.DISCARD:
        return ""
    if letter.state == "replay":
        return "already marked for replay"
    if letter.handler != ANY_HANDLER and (letter.handler, letter.event_type) not in known:
        return f"this code has no handler {letter.handler} of {letter.event_type}"
    return ""
