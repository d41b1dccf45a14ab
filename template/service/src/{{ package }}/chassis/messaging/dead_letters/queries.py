"""What an operator sees of dead letters: groups of one cause, pages of them, one in full."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Row, Subquery, any_, func, literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from ..tables import dead_letters
from .selection import Selection, fits, pin

PAGE = 20
"""Dead letters read at a time in full: an entry may be a megabyte."""
EXCERPT = 500
"""Characters of an error, or of a type that somebody made up, in brief."""


async def count_open(engine: AsyncEngine) -> int:
    """How many dead letters nobody has decided on."""
    return (await pin(engine, Selection(marked=False)))[0]


async def grouped(engine: AsyncEngine, chosen: Selection, limit: int) -> Sequence[Row[Any]]:
    """The dead letters by their fingerprints, the largest group first; each with its newest
    error, and with the least of its types and handlers where it has several."""
    groups = _groups(chosen, limit)
    statement = (
        select(groups, func.left(dead_letters.c.error, EXCERPT).label("error"))
        .join(dead_letters, dead_letters.c.id == groups.c.newest)
        .order_by(groups.c.open.desc(), groups.c.marked.desc(), groups.c.group)
    )
    async with engine.connect() as connection:
        return (await connection.execute(statement)).all()


def _groups(chosen: Selection, limit: int) -> Subquery:
    letter = dead_letters.c
    count_of_open = func.count().filter(letter.state == "open")
    count_of_marked = func.count().filter(letter.state == "replay")
    return (
        select(
            letter.fingerprint.label("group"),
            count_of_open.label("open"),
            count_of_marked.label("marked"),
            func.min(letter.died_at).label("first_seen"),
            func.max(letter.failed_at).label("last_seen"),
            func.min(func.left(letter.event_type, EXCERPT)).label("event_type"),
            func.count(letter.event_type.distinct()).label("event_types"),
            func.min(letter.handler).label("handler"),
            func.count(letter.handler.distinct()).label("handlers"),
            func.min(letter.reason).label("reason"),
            func.max(letter.id).label("newest"),
        )
        .where(fits(chosen))
        .group_by(letter.fingerprint)
        .order_by(count_of_open.desc(), count_of_marked.desc(), letter.fingerprint)
        .limit(limit)
        .subquery()
    )


async def in_brief(
    engine: AsyncEngine, chosen: Selection, limit: int, after: int = 0
) -> Sequence[Row[Any]]:
    """The oldest `limit` dead letters behind the number `after`, without their entries."""
    cut = ("event_type", "error")
    left_out = (*cut, "entry", "traceback", "history")
    columns = [column for column in dead_letters.c if column.name not in left_out]
    excerpts = [func.left(dead_letters.c[name], EXCERPT).label(name) for name in cut]
    found = select(*columns, *excerpts).where(fits(chosen), dead_letters.c.id > after)
    async with engine.connect() as connection:
        return (await connection.execute(found.order_by(dead_letters.c.id).limit(limit))).all()


async def in_full(engine: AsyncEngine, chosen: Selection) -> AsyncIterator[Sequence[Row[Any]]]:
    """Pages of all that is known of dead letters, the oldest first. No transaction is open
    between them: what is printed may wait for a person with a pager."""
    after = 0
    while True:
        following = select(dead_letters).where(fits(chosen), dead_letters.c.id > after)
        following = following.order_by(dead_letters.c.id).limit(PAGE)
        async with engine.connect() as connection:
            page = (await connection.execute(following)).all()
        if page:
            yield page
        if len(page) < PAGE:
            return
        after = page[-1].id


async def waiting(engine: AsyncEngine, group: str | None = None) -> tuple[int, int]:
    """How many dead letters are open, and how many are marked for replay; or of a group."""
    letter = dead_letters.c
    counts = [func.count().filter(letter.state == state) for state in ("open", "replay")]
    statement = select(*counts).where(fits(Selection(group=group)))
    async with engine.connect() as connection:
        found = (await connection.execute(statement)).one()
    return found[0], found[1]


async def named(engine: AsyncEngine, ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Of these dead letters, decided on or not: number, state, handler and type."""
    letter = dead_letters.c
    columns = [letter.id, letter.state, letter.handler, letter.event_type]
    statement = select(*columns).where(letter.id == any_(literal(ids, ARRAY(BigInteger))))
    async with engine.connect() as connection:
        return (await connection.execute(statement.order_by(letter.id))).all()


async def find(engine: AsyncEngine, letter_id: int) -> Row[Any] | None:
    """One dead letter in full, decided on or not."""
    statement = select(dead_letters).where(dead_letters.c.id == letter_id)
    async with engine.connect() as connection:
        return (await connection.execute(statement)).one_or_none()
