"""Dead letters marked for replay, as the consumers that replay them take, close and reopen them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from .. import inbox
from ..failure import Failure
from ..tables import dead_letters
from ..unit_of_work import PATIENCE, UnitsOfWork
from .store import ANY_HANDLER, failed_again

PAUSE = timedelta(seconds=5)
"""Before a replay that was begun, and is in nobody's hands, is begun again."""


async def begin(units: UnitsOfWork, handlers: Sequence[str]) -> Row[Any] | None:
    """The oldest that one of the handlers can replay, or None. Its start is counted before
    anything runs, for a replay may kill its process."""
    letter = dead_letters.c
    oldest = (
        select(letter.id)
        .where(
            letter.state == "replay",
            letter.handler.in_(handlers),
            or_(letter.started == 0, letter.updated_at < func.now() - PAUSE),
        )
        .order_by(letter.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    begun = update(dead_letters).where(letter.id == oldest).returning(dead_letters)
    begun = begun.values(started=letter.started + 1, updated_at=func.now())
    async with units.open(patience=PATIENCE) as uow:
        found: Row[Any] | None = (await uow.session.execute(begun)).one_or_none()
    return found


async def lock(session: AsyncSession, letter_id: int) -> bool:
    """Hold a marked letter to the end of the transaction; False if another consumer does."""
    letter = dead_letters.c
    marked = select(letter.id).where(letter.id == letter_id, letter.state == "replay")
    held = await session.execute(marked.with_for_update(skip_locked=True))
    return held.one_or_none() is not None


async def close(session: AsyncSession, letter: Row[Any]) -> None:
    """Note that every handler has decided."""
    if letter.handler == ANY_HANDLER:
        await inbox.supersede_dead(session, ANY_HANDLER, letter.event_id, "done")
    await _update(session, letter.id, state="replayed")


async def reopen(units: UnitsOfWork, letter_id: int, failure: Failure) -> bool:
    """Note that its replay failed; False if that is not this consumer's to decide any more."""
    async with units.open(patience=PATIENCE) as uow:
        if not await lock(uow.session, letter_id):
            return False
        await _update(uow.session, letter_id, **failed_again(failure))
        return True


async def _update(session: AsyncSession, letter_id: int, **values: object) -> None:
    changed = update(dead_letters).where(dead_letters.c.id == letter_id)
    await session.execute(changed.values(updated_at=func.now(), **values))
