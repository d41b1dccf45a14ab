"""The inbox: its row is the decision about (handler, event), and is never taken twice."""

from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, Executable
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from .tables import inbox


async def decide(session: AsyncSession, handler: str, event_id: UUID, state: str) -> bool:
    """Decide, unless it has been decided. Where another transaction is about to, this waits for
    it, at most for `lock_timeout`."""
    row = insert(inbox).values(handler=handler, event_id=event_id, state=state)
    return await _changes_a_row(session, row.on_conflict_do_nothing())


async def revive(session: AsyncSession, handler: str, event_id: UUID, state: str) -> bool:
    """Decide anew on what is dead, or was forgotten; False if it is done or discarded."""
    row = insert(inbox).values(handler=handler, event_id=event_id, state=state)
    return await _changes_a_row(
        session,
        row.on_conflict_do_update(
            index_elements=[inbox.c.handler, inbox.c.event_id],
            set_={"state": state},
            where=inbox.c.state == "dead",
        ),
    )


async def _changes_a_row(session: AsyncSession, statement: Executable) -> bool:
    result = cast("CursorResult[Any]", await session.execute(statement))
    return result.rowcount == 1
