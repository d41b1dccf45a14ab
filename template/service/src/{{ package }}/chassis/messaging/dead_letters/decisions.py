"""What an operator decides on dead letters: to replay or to discard them, batch by batch."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ARRAY, BigInteger, any_, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from .. import inbox
from ..handlers import Handler
from ..tables import dead_letters
from .selection import Selection, fits, pin
from .store import ANY_HANDLER

BATCH = 1_000
"""Rows changed in one transaction, so that no lock is held for long."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a decision is about: so many dead letters, which those to come are no part of."""

    count: int
    chosen: Selection
    without_handler: Mapping[tuple[str, str], int]
    """Handlers that this code does not have, each with its type of event; and how many dead
    letters are left out because only they could handle them."""


async def plan_replay(
    engine: AsyncEngine, chosen: Selection, handlers: Mapping[str, Sequence[Handler]]
) -> Plan:
    """What `mark_for_replay` would mark of a selection."""
    count, pinned = await pin(engine, replace(chosen, marked=False))
    missing = await _without_handler(engine, pinned, handlers)
    fit = replace(pinned, without=tuple(missing))
    return Plan(count - sum(missing.values()), fit, missing)


async def plan_discard(engine: AsyncEngine, chosen: Selection) -> Plan:
    """What `discard` would decide of a selection."""
    count, pinned = await pin(engine, chosen)
    return Plan(count, pinned, {})


async def _without_handler(
    engine: AsyncEngine, chosen: Selection, handlers: Mapping[str, Sequence[Handler]]
) -> dict[tuple[str, str], int]:
    letter = dead_letters.c
    statement = (
        select(letter.handler, letter.event_type, func.count())
        .where(fits(chosen), letter.handler != ANY_HANDLER)
        .group_by(letter.handler, letter.event_type)
    )
    async with engine.connect() as connection:
        found = await connection.execute(statement)
    known = handled(handlers)
    return {(name, of): count for name, of, count in found if (name, of) not in known}


def handled(handlers: Mapping[str, Sequence[Handler]]) -> set[tuple[str, str]]:
    """The handlers of this code, each with its type of event."""
    return {(handler.name, of) for of, of_type in handlers.items() for handler in of_type}


def mark_for_replay(
    engine: AsyncEngine, chosen: Selection, size: int = BATCH
) -> AsyncIterator[Sequence[int]]:
    """Mark open dead letters for the consumers to replay; yields which, each batch once it is
    committed."""
    return _in_batches(engine, replace(chosen, marked=False), size, "replay")


def discard(
    engine: AsyncEngine, chosen: Selection, size: int = BATCH
) -> AsyncIterator[Sequence[int]]:
    """Decide that dead letters will never be handled; yields which, as `mark_for_replay` does. One
    that is being replayed right now is left alone."""
    return _in_batches(engine, chosen, size, "discarded")


async def _in_batches(
    engine: AsyncEngine, chosen: Selection, size: int, state: str
) -> AsyncIterator[Sequence[int]]:
    after = 0
    while True:
        async with engine.begin() as transaction:
            moved = await _move(transaction, chosen, after, size, state)
        if moved:
            yield moved
        if len(moved) < size:
            return
        after = moved[-1]


async def _move(
    transaction: AsyncConnection, chosen: Selection, after: int, size: int, state: str
) -> Sequence[int]:
    letter = dead_letters.c
    following = (
        select(letter.id)
        .where(fits(chosen), letter.id > after)
        .order_by(letter.id)
        .limit(size)
        .with_for_update(skip_locked=True)
    )
    moved = (await transaction.scalars(following)).all()
    these = letter.id == any_(literal(moved, ARRAY(BigInteger)))
    change = update(dead_letters).where(these)
    await transaction.execute(change.values(state=state, started=0, updated_at=func.now()))
    if state == "discarded":
        pairs = select(letter.handler, letter.event_id).where(these)
        pairs = pairs.order_by(letter.handler, letter.event_id)
        await inbox.supersede_all_dead(transaction, pairs, state)
    return moved
