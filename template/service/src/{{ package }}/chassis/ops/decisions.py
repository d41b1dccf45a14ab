"""Replaying and discarding from the desk: what it would do, then doing it."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncEngine

from ..db import DATABASE_ERRORS, reason_of
from ..messaging.dead_letters import decisions as deciding
from ..messaging.dead_letters import queries as desk
from ..messaging.handlers import Handler
from .forms import MOST_LETTERS, Action, Meant, address_of
from .letters import refused

LONGEST = 20.0
"""Seconds after which a decision pauses: whoever waits for the page is to get one."""
ENOUGH = 50.0
"""Seconds after which no answer of Postgres is waited for: the page is to tell what is done."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a decision would do, and what it leaves alone: single letters with the reason, and
    handlers that this code does not have."""

    meant: Meant
    plan: deciding.Plan
    refused: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Result:
    """What a decision has done, how much it left to be done, and what ended it early."""

    meant: Meant
    done: Sequence[int]
    left: int
    refused: Mapping[int, str]
    without_handler: Mapping[tuple[str, str], int]
    problem: str = ""

    @property
    def address(self) -> str:
        """Where to see what became of them."""
        return address_of(self.done) if 0 < len(self.done) <= MOST_LETTERS else self.meant.origin


class Decisions:
    """What can be decided with the handlers of this code, by the type of their events."""

    def __init__(self, engine: AsyncEngine, handlers: Mapping[str, Sequence[Handler]]) -> None:
        self._engine = engine
        self._handlers = handlers

    async def prospect(self, meant: Meant) -> Prospect:
        """Find out what a decision would do; later letters are no part of it."""
        if meant.action is Action.REPLAY:
            plan = await deciding.plan_replay(self._engine, meant.selection, self._handlers)
        else:
            plan = await deciding.plan_discard(self._engine, meant.selection)
        pinned = replace(meant, upto=plan.chosen.upto)
        return Prospect(pinned, plan, await self._refused(meant.action, meant.ids))

    async def decide(self, meant: Meant) -> Result:
        """Do it, batch by batch. What is done stays done, whatever ends it early."""
        until = asyncio.get_running_loop().time() + ENOUGH
        found = await self.prospect(meant)
        carry_out = deciding.replay if meant.action is Action.REPLAY else deciding.discard
        done, problem, began = list[int](), "", time.monotonic()
        why_not = found.refused
        try:
            async with asyncio.timeout_at(until):
                async for batch in carry_out(self._engine, found.plan.chosen):
                    done += batch
                    if time.monotonic() - began > LONGEST and len(done) < found.plan.count:
                        problem = "this many at a time; go on with the rest"
                        break
                others = sorted(set(meant.ids) - set(done))
                why_not = await self._refused(meant.action, others, "a consumer has it in hand")
        except DATABASE_ERRORS as error:
            problem = reason_of(error)
        except TimeoutError:
            problem = "Postgres does not answer in time"
        left = found.plan.count - len(done)
        return Result(found.meant, done, left, why_not, found.plan.without_handler, problem)

    async def _refused(
        self, action: Action, ids: Sequence[int], otherwise: str = ""
    ) -> Mapping[int, str]:
        """Why each of these letters is left alone, if it is."""
        found = await desk.named(self._engine, ids) if ids else ()
        whys = refused(action, ids, found, self._handlers)
        return {number: why or otherwise for number, why in whys.items() if why or otherwise}
