"""Which dead letters an operator means."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, ColumnElement, and_, any_, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from ..tables import dead_letters


@dataclass(frozen=True, slots=True)
class Selection:
    """Of the dead letters that wait for something, all that fit what is given."""

    ids: tuple[int, ...] = ()
    group: str | None = None
    event_type: str | None = None
    handler: str | None = None
    reason: str | None = None
    since: datetime | None = None
    """Their last failure came at this moment or later,"""
    until: datetime | None = None
    """and before this one."""
    marked: bool = True
    """Not only the open ones, but those marked for replay as well."""
    without: tuple[tuple[str, str], ...] = ()
    """Handlers, each with its type of event, that are left out."""
    upto: int | None = None
    """The last number; those that died later are not meant."""
    decided: bool = False
    """To be looked at only: those that wait for nothing any more as well."""


def fits(chosen: Selection) -> ColumnElement[bool]:
    """The condition that a selection is."""
    letter = dead_letters.c
    conditions: list[ColumnElement[bool]] = []
    if not chosen.decided:
        conditions.append(letter.state.in_(("open", "replay") if chosen.marked else ("open",)))
    for column, value in (
        (letter.fingerprint, chosen.group),
        (letter.event_type, chosen.event_type),
        (letter.handler, chosen.handler),
        (letter.reason, chosen.reason),
    ):
        if value is not None:
            conditions.append(column == value)
    if chosen.ids:
        conditions.append(letter.id == any_(literal(chosen.ids, ARRAY(BigInteger))))
    if chosen.since:
        conditions.append(letter.failed_at >= chosen.since)
    if chosen.until:
        conditions.append(letter.failed_at < chosen.until)
    if chosen.without:
        pair = tuple_(letter.handler, func.coalesce(letter.event_type, ""))
        conditions.append(pair.not_in(chosen.without))
    if chosen.upto is not None:
        conditions.append(letter.id <= chosen.upto)
    return and_(*conditions)


async def pin(engine: AsyncEngine, chosen: Selection) -> tuple[int, Selection]:
    """How many these are now, and a selection that those to come are no part of."""
    statement = select(func.count(), func.coalesce(func.max(dead_letters.c.id), 0))
    async with engine.connect() as connection:
        found, last = (await connection.execute(statement.where(fits(chosen)))).one()
    return found, replace(chosen, upto=last)
