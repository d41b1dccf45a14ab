"""Replaying dead letters: only the handler that died runs, once, by the ordinary rules."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from opentelemetry.trace import SpanKind
from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ..db import DATABASE_ERRORS, is_infrastructure
from ..handlers.registry import Handler
from ..uow import UnitsOfWork
from . import inbox
from .dead_letters import ANY_HANDLER, entry_fields
from .envelope import Envelope, Undecodable, parse
from .failure import Failure, describe, whereabouts, without_error
from .handling import Take, attempt
from .health import wait
from .tables import dead_letters
from .telemetry import span

POLL = 1.0
"""Seconds between looks for dead letters to replay."""
STARTS = 5
"""How often a replay is begun that never ends, because its consumer dies."""

log = structlog.get_logger()


class Replays:
    """Takes dead letters marked for replay, one at a time in each process."""

    def __init__(self, units: UnitsOfWork, handlers: Mapping[str, Sequence[Handler]]) -> None:
        self._units = units
        self._handlers = handlers
        self._names = [h.name for of_type in handlers.values() for h in of_type] + [ANY_HANDLER]

    async def run(self, stopping: asyncio.Event) -> None:
        """Replay until `stopping` is set. A replay that was begun is finished."""
        while not stopping.is_set():
            try:
                busy = await self.replay_next()
            except DATABASE_ERRORS as error:
                log.debug("replay.waiting", error=type(error).__name__)
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
        with span(f"process {letter.stream}", SpanKind.CONSUMER, envelope.trace, **about):
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
            outcome = await attempt(self._units, handler, envelope, self._take(handler, letter))
            if isinstance(outcome, Exception):
                await self._failed(outcome, letter)
                return
        await self._finish(letter)

    def _take(self, handler: Handler, letter: Row[Any]) -> Take:
        """Only a letter's own handler may turn its dead row into a done one."""
        decide = inbox.decide if letter.handler == ANY_HANDLER else inbox.revive

        async def take(session: AsyncSession) -> bool:
            return await _lock(session, letter.id) and await decide(
                session, handler.name, letter.event_id, "done"
            )

        return take

    async def _failed(self, error: Exception, letter: Row[Any]) -> None:
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
            .where(dead_letters.c.state == "replay", dead_letters.c.handler.in_(self._names))
            .order_by(dead_letters.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        async with self._units.open() as uow:
            started: Row[Any] | None = (
                await uow.session.execute(
                    update(dead_letters)
                    .where(dead_letters.c.id == marked)
                    .values(started=dead_letters.c.started + 1)
                    .returning(dead_letters)
                )
            ).one_or_none()
        return started

    async def _finish(self, letter: Row[Any]) -> None:
        async with self._units.open() as uow:
            if not await _lock(uow.session, letter.id):
                return
            await inbox.revive(uow.session, letter.handler, letter.event_id, "done")
            await _update(uow.session, letter.id, state="replayed")
        log.info("event.replayed", dead_letter=letter.id, handler=letter.handler)

    async def _reopen(self, letter: Row[Any], failure: Failure) -> None:
        async with self._units.open() as uow:
            if await _lock(uow.session, letter.id):
                await _update(
                    uow.session,
                    letter.id,
                    state="open",
                    replays=dead_letters.c.replays + 1,
                    reason=failure.reason,
                    error=failure.error,
                    traceback=failure.traceback,
                    fingerprint=failure.fingerprint,
                )


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
