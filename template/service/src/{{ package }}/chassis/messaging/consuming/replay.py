"""Replaying dead letters: only the handler that died runs, once, by the ordinary rules."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import bound_contextvars

from ...cancellation import wait
from ...db import DATABASE_ERRORS, is_infrastructure, reason_of
from ...tracing.messaging import failed, processing
from .. import inbox
from ..dead_letters.store import ANY_HANDLER, entry_fields, failed_again
from ..envelope import Envelope, Undecodable, parse
from ..failure import Failure, describe, whereabouts, without_error
from ..handlers import Handler
from ..observing.health import Health
from ..tables import dead_letters
from ..unit_of_work import PATIENCE, UnitsOfWork
from .attempt import Take, attempt

POLL = 1.0
"""Seconds between looks for dead letters to replay."""
PAUSE = timedelta(seconds=5)
"""Before a replay that was begun, and is in nobody's hands, is begun again."""
STARTS = 5
"""How often a replay is begun that never ends, because its consumer dies."""

log = structlog.get_logger()


class Replays:
    """Takes dead letters marked for replay, one at a time in each process."""

    def __init__(
        self, units: UnitsOfWork, handlers: Mapping[str, Sequence[Handler]], health: Health
    ) -> None:
        self._units = units
        self._handlers = handlers
        self._health = health
        self._names = [h.name for of_type in handlers.values() for h in of_type] + [ANY_HANDLER]

    async def run(self, stopping: asyncio.Event) -> None:
        """Replay until `stopping` is set, and then finish what was begun."""
        while not stopping.is_set():
            try:
                busy = await self.replay_next()
                self._health.working("replays")
            except DATABASE_ERRORS as error:
                self._health.failing("replays", reason_of(error))
                busy = False
            if not busy:
                await wait(POLL, stopping)

    async def replay_next(self) -> bool:
        """Replay the oldest dead letter that is marked; False if there is none."""
        letter = await self._begin()
        if letter is None:
            return False
        if letter.started > STARTS:
            await self._reopen(letter, without_error("crashed", "its consumer died in the replay"))
            return True
        try:
            envelope = parse(entry_fields(letter.entry))
        except Undecodable as error:
            await self._reopen(letter, describe(error, "undecodable"))
            return True
        about = {"event_id": str(letter.event_id), "event_type": envelope.type}
        with bound_contextvars(**about), processing(letter.stream, [envelope.attributes]):
            await self._replay(letter, envelope)
        return True

    async def _replay(self, letter: Row[Any], envelope: Envelope) -> None:
        handlers = self._handlers.get(envelope.type, ())
        if letter.handler != ANY_HANDLER:
            handlers = [handler for handler in handlers if handler.name == letter.handler]
        if not handlers:
            await self._reopen(letter, without_error("no_handler", "no handler for this event"))
            return
        for handler in handlers:
            take = self._take(handler, letter, envelope.event_id)
            outcome = await attempt(self._units, handler, [envelope], take)
            if isinstance(outcome, Exception):
                await self._failed(outcome, letter)
                return
        await self._finish(letter, [handler.name for handler in handlers], envelope.event_id)

    def _take(self, handler: Handler, letter: Row[Any], event_id: UUID) -> Take:
        """Only a letter's own handler may turn its dead row into a done one."""
        decide = inbox.decide if letter.handler == ANY_HANDLER else inbox.revive

        async def take(session: AsyncSession) -> set[UUID]:
            taken = await _lock(session, letter.id) and await decide(
                session, handler.name, event_id, "done"
            )
            return {event_id} if taken else set()

        return take

    async def _failed(self, error: Exception, letter: Row[Any]) -> None:
        failed(type(error).__name__)
        log.warning(
            "replay.failed",
            dead_letter=letter.id,
            handler=letter.handler,
            error=type(error).__name__,
            at=whereabouts(error),
        )
        if is_infrastructure(error) and letter.started < STARTS:
            await asyncio.sleep(POLL)
        else:
            await self._reopen(letter, describe(error, letter.reason))

    async def _begin(self) -> Row[Any] | None:
        """Count the start before anything runs: a replay may kill its process."""
        marked = (
            select(dead_letters.c.id)
            .where(
                dead_letters.c.state == "replay",
                dead_letters.c.handler.in_(self._names),
                or_(dead_letters.c.started == 0, dead_letters.c.updated_at < func.now() - PAUSE),
            )
            .order_by(dead_letters.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        async with self._units.open(patience=PATIENCE) as uow:
            started: Row[Any] | None = (
                await uow.session.execute(
                    update(dead_letters)
                    .where(dead_letters.c.id == marked)
                    .values(started=dead_letters.c.started + 1, updated_at=func.now())
                    .returning(dead_letters)
                )
            ).one_or_none()
        return started

    async def _finish(self, letter: Row[Any], handlers: Sequence[str], event_id: UUID) -> None:
        """Close the letter, if every handler has decided: another consumer may have it in hand,
        and its handler may have failed."""
        async with self._units.open(patience=PATIENCE) as uow:
            if not await _lock(uow.session, letter.id):
                return
            if await inbox.undecided(uow.session, handlers, event_id):
                return
            if letter.handler == ANY_HANDLER:
                await inbox.revive(uow.session, ANY_HANDLER, letter.event_id, "done")
            await _update(uow.session, letter.id, state="replayed")
        log.info("event.replayed", dead_letter=letter.id, handler=letter.handler)

    async def _reopen(self, letter: Row[Any], failure: Failure) -> None:
        async with self._units.open(patience=PATIENCE) as uow:
            if await _lock(uow.session, letter.id):
                await _update(uow.session, letter.id, **failed_again(failure))


async def _lock(session: AsyncSession, letter_id: int) -> bool:
    """Hold a marked letter to the end of the transaction; False if another consumer does."""
    held = await session.execute(
        select(dead_letters.c.id)
        .where(dead_letters.c.id == letter_id, dead_letters.c.state == "replay")
        .with_for_update(skip_locked=True)
    )
    return held.one_or_none() is not None


async def _update(session: AsyncSession, letter_id: int, **values: object) -> None:
    await session.execute(
        update(dead_letters)
        .where(dead_letters.c.id == letter_id)
        .values(updated_at=func.now(), **values)
    )
