"""The commands that read dead letters: list, show, export."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from ..errors import NotFound
from ..messaging.dead_letters import queries as desk
from ..messaging.dead_letters.selection import Selection
from . import letters
from .database import on_database
from .options import MOST, AsJson, EventType, Group, Handler, Limit, Reason, Since, Until


def list_(
    context: typer.Context,
    *,
    group: Group = None,
    event_type: EventType = None,
    handler: Handler = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    flat: Annotated[bool, typer.Option("--flat", help="One by one, the oldest first.")] = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List the dead letters that wait for a decision or a replay, in groups of one cause."""
    chosen = Selection((), group, event_type, handler, reason, since, until)
    list_them = _list_flat if flat else _list_groups
    if on_database(context.obj, lambda engine: list_them(engine, chosen, limit, as_json)):
        typer.echo(f"there are more than {limit}; see --limit", err=True)


def show(
    context: typer.Context,
    letter_id: Annotated[int, typer.Argument(min=1, max=MOST, metavar="ID")],
    as_json: AsJson = False,
) -> None:
    """Show one dead letter in full: envelope, payload, error, traceback, failed replays."""
    letter = on_database(context.obj, lambda engine: desk.find(engine, letter_id))
    if letter is None:
        raise NotFound(
            f"there is no dead letter {letter_id}; see: {context.obj.name} dead-letters list"
        )
    typer.echo(letters.record(letter) if as_json else letters.page(letter))


def export(
    context: typer.Context,
    *,
    group: Group = None,
    event_type: EventType = None,
    handler: Handler = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Print dead letters in full, one line of JSON each.

    What is not text in an entry begins with `base64:` there.
    """
    chosen = Selection((), group, event_type, handler, reason, since, until)

    async def print_them(engine: AsyncEngine) -> None:
        async for page in desk.in_full(engine, chosen):
            for letter in page:
                typer.echo(letters.record(letter))

    on_database(context.obj, print_them)


async def _list_groups(engine: AsyncEngine, chosen: Selection, limit: int, as_json: bool) -> bool:
    """Print the largest groups; whether there are more than `limit`."""
    groups = await desk.grouped(engine, chosen, limit + 1)
    if as_json:
        _print_json(groups[:limit], 0)
    elif groups:
        lines = [letters.group_line(group) for group in groups[:limit]]
        typer.echo("\n".join(letters.columns([letters.GROUP_HEADER, *lines])))
    _print_end(len(groups), as_json)
    return len(groups) > limit


async def _list_flat(engine: AsyncEngine, chosen: Selection, limit: int, as_json: bool) -> bool:
    """Print the oldest letters; whether there are more than `limit`."""
    seen = 0
    async for page in desk.in_brief(engine, chosen, limit + 1):
        wanted = page[: limit - seen]
        if as_json:
            _print_json(wanted, seen)
        elif wanted:
            lines = [letters.letter_line(letter) for letter in wanted]
            header = [] if seen else [letters.LETTER_HEADER]
            typer.echo("\n".join(letters.columns([*header, *lines])))
        seen += len(page)
    _print_end(seen, as_json)
    return seen > limit


def _print_json(rows: Sequence[Row[Any]], before: int) -> None:
    for number, row in enumerate(rows, before):
        typer.echo((",\n  " if number else "[\n  ") + letters.record(row), nl=False)


def _print_end(seen: int, as_json: bool) -> None:
    if as_json:
        typer.echo("\n]" if seen else "[]")
    elif not seen:
        typer.echo("no dead letters")
