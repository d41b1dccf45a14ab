"""Replays dead letters: only the handler that died runs, once, through the ordinary dispatch."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from ...db import DATABASE_ERRORS, is_infrastructure, reason_of
from ...tracing.messaging import failed
from ...waiting import wait
from .. import inbox
from ..dead_letters import marked
from ..dead_letters.store import ANY_HANDLER, entry_fields
from ..failure import Failure, Reason
from ..handlers import Handler
from ..observing.health import Health
from ..redis import Delivery
from ..unit_of_work import UnitsOfWork
from .dispatch import Dispatcher, Entry
from .group import Group
from .retry_policy import DeadLetter, RetryLater, RetryPolicy, after_failure

POLL = 1.0
"""Seconds between looks for dead letters to replay."""
STARTS = 5
"""How often a replay is begun that never ends, because its consumer dies."""

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class Replays:
    """Takes dead letters marked for replay, one at a time in each process. `groups` makes the
    service's group on a stream."""

    units: UnitsOfWork
    groups: Callable[[str], Group]
    handlers: Mapping[str, Sequence[Handler]]
    health: Health

    async def run(self, stopping: asyncio.Event) -> None:
        """Replay until `stopping` is set, and then finish what was begun."""
        while not stopping.is_set():
            try:
                busy = await self.replay_next()
                self.health.working("replays")
            except DATABASE_ERRORS as error:
                self.health.failing("replays", reason_of(error))
                busy = False
            if not busy:
                await wait(POLL, stopping)

    async def replay_next(self) -> bool:
        """Replay the oldest dead letter that is marked; False if there is none."""
        names = {handler.name for of_type in self.handlers.values() for handler in of_type}
        letter = await marked.begin(self.units, [*names, ANY_HANDLER])
        if letter is None:
            return False
        handlers = {
            of: [handler for handler in of_type if letter.handler in (handler.name, ANY_HANDLER)]
            for of, of_type in self.handlers.items()
        }
        replay = Replay(
            self.units, self.groups(letter.stream), handlers, ReplayPolicy(STARTS, POLL), letter
        )
        delivery = Delivery(letter.stream_id, entry_fields(letter.entry), letter.started)
        if await replay.handle([delivery]):
            await asyncio.sleep(POLL)
        return True


class ReplayPolicy(RetryPolicy):
    """One run, which only infrastructure or a dying consumer repeats: attempts are its starts."""

    def before_attempt(self, handler: Handler, attempt: int) -> DeadLetter | None:
        """Not more often than STARTS, whatever the handler's own limit."""
        died = attempt > STARTS
        return DeadLetter(Reason.CRASHED, "its consumer died in the replay") if died else None

    def after_failure(
        self, error: Exception, handler: Handler, event_id: UUID, attempt: int, *, outage: bool
    ) -> RetryLater | DeadLetter:
        """No second try: a person decides again. The breaker hears nothing of it."""
        if outage or (is_infrastructure(error) and attempt < STARTS):
            return self.after_outage()
        return after_failure(error, attempt, max_attempts=attempt, visibility_timeout=0)


@dataclass(eq=False)
class Replay(Dispatcher):
    """The dispatch of one dead letter, which alone may turn a dead decision into a done one."""

    letter: Row[Any]
    _closes: bool = False

    async def take(
        self, session: AsyncSession, handler: str, event_ids: Collection[UUID]
    ) -> set[UUID]:
        """Decide while the letter is marked and nobody else replays it; the last handler of its
        event closes it, in the same transaction."""
        letter, (event_id,) = self.letter, event_ids
        if not await marked.lock(session, letter.id):
            return set()
        if letter.handler == ANY_HANDLER:
            taken = await super().take(session, handler, event_ids)
        else:
            superseded = await inbox.supersede_dead(session, handler, event_id, "done")
            taken = {event_id} if superseded else set()
        names = {one.name for one in self.handlers[letter.event_type]}
        self._closes = not await inbox.undecided(session, names, event_id)
        if self._closes:
            await marked.close(session, letter)
        return taken

    def succeeded(self, handler: Handler, count: int, number: int) -> None:
        """Its transaction is committed."""
        super().succeeded(handler, count, number)
        if self._closes:
            log.info("event.replayed", dead_letter=self.letter.id, handler=self.letter.handler)

    async def unhandled(self, delivery: Delivery, event_type: str) -> DeadLetter:
        """Nothing is skipped that a person wants to be handled."""
        return DeadLetter(Reason.NO_HANDLER, "no handler for this event")

    async def give_up(self, failure: Failure, handler: str, entry: Entry) -> None:
        """Leave the letter to a person again."""
        if await marked.reopen(self.units, self.letter.id, failure):
            failed(failure.reason)
            log.warning(
                "replay.failed",
                dead_letter=self.letter.id,
                handler=handler,
                reason=failure.reason,
                fingerprint=failure.fingerprint,
            )
