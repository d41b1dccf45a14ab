"""The inbox: its row is the decision about (handler, event), and is never taken twice."""

from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ARRAY, CursorResult, Select, Text, Uuid, bindparam, func, literal, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from .tables import inbox

# One statement whatever the number of events, so that it is compiled and planned but once.
_DECIDE = (
    insert(inbox)
    .from_select(
        ["handler", "event_id", "state"],
        select(
            bindparam("handler", type_=Text),
            func.unnest(bindparam("event_ids", type_=ARRAY(Uuid))),
            bindparam("state", type_=Text),
        ),
    )
    .on_conflict_do_nothing()
    .returning(inbox.c.event_id)
)


async def decide(session: AsyncSession, handler: str, event_id: UUID, state: str) -> bool:
    """Decide, unless it has been decided. Where another transaction is about to, this waits for
    it, at most for `lock_timeout`."""
    return bool(await decide_all(session, handler, [event_id], state))


async def decide_all(
    session: AsyncSession, handler: str, event_ids: Iterable[UUID], state: str
) -> set[UUID]:
    """The same for several events; those that had not been decided. In the order of their ids, so
    that two of these never wait for one another."""
    row = {"handler": handler, "event_ids": sorted(set(event_ids)), "state": state}

    def decide(session: Session) -> set[UUID]:
        return set(session.connection().scalars(_DECIDE, row))

    return await session.run_sync(decide)


async def undecided(session: AsyncSession, handlers: Iterable[str], event_id: UUID) -> set[str]:
    """Those of the handlers that an event is still due to: without a row, or with a dead one."""
    decided = select(inbox.c.handler).where(inbox.c.event_id == event_id, inbox.c.state != "dead")
    return set(handlers) - set(await session.scalars(decided))


async def supersede_dead(session: AsyncSession, handler: str, event_id: UUID, state: str) -> bool:
    """Decide anew on what is dead, or was forgotten; False if it is done or discarded."""
    row = insert(inbox).values(handler=handler, event_id=event_id, state=state)
    result = cast("CursorResult[Any]", await session.execute(_where_dead(row)))
    return result.rowcount == 1


async def supersede_all_dead(
    transaction: AsyncConnection, pairs: Select[tuple[str, UUID]], state: str
) -> None:
    """The same for each (handler, event id) that a query finds."""
    rows = pairs.add_columns(literal(state))
    inserted = insert(inbox).from_select(["handler", "event_id", "state"], rows)
    await transaction.execute(_where_dead(inserted))


def _where_dead(row: Insert) -> Insert:
    return row.on_conflict_do_update(
        index_elements=[inbox.c.handler, inbox.c.event_id],
        set_={"state": row.excluded.state, "decided_at": func.now()},
        where=inbox.c.state == "dead",
    )
