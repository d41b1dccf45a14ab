"""What an operator does with dead letters: list them, read one, replay or discard them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from . import inbox
from .tables import dead_letters

STATES = ("open", "replay")
"""The states that wait for something; the others are kept for the record."""


async def list_letters(session: AsyncSession, limit: int) -> Sequence[Row[Any]]:
    """The oldest dead letters that are still to be decided on."""
    columns = [c for c in dead_letters.c if c.name not in ("entry", "traceback")]
    statement = select(*columns).where(dead_letters.c.state.in_(STATES))
    return (await session.execute(statement.order_by(dead_letters.c.id).limit(limit))).all()


async def count_open(session: AsyncSession) -> int:
    """How many dead letters nobody has decided on."""
    statement = select(func.count()).where(dead_letters.c.state == "open")
    return (await session.execute(statement)).scalar_one()


async def find(session: AsyncSession, letter_id: int) -> Row[Any] | None:
    """One dead letter in full."""
    statement = select(dead_letters).where(dead_letters.c.id == letter_id)
    return (await session.execute(statement)).one_or_none()


async def replay(session: AsyncSession, letter_ids: Sequence[int] | None) -> list[int]:
    """Mark open dead letters, or all of them, for the consumers to replay; returns which."""
    return await _move(session, letter_ids, "replay")


async def discard(session: AsyncSession, letter_ids: Sequence[int] | None) -> list[int]:
    """Decide that open dead letters, or all of them, will never be handled; returns which."""
    discarded = await _move(session, letter_ids, "discarded")
    statement = select(dead_letters.c.handler, dead_letters.c.event_id)
    for handler, event_id in await session.execute(
        statement.where(dead_letters.c.id.in_(discarded))
    ):
        await inbox.revive(session, handler, event_id, "discarded")
    return discarded


async def _move(session: AsyncSession, letter_ids: Sequence[int] | None, state: str) -> list[int]:
    chosen = dead_letters.c.state == "open"
    if letter_ids is not None:
        chosen &= dead_letters.c.id.in_(letter_ids)
    moved = await session.scalars(
        update(dead_letters)
        .where(chosen)
        .values(state=state, started=0, updated_at=func.now())
        .returning(dead_letters.c.id)
    )
    return sorted(moved)
