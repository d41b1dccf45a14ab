"""The command `dead-letters`: list, show, export, replay and discard them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import NotFound
from .options import AsJson, DryRun, with_filters

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

app = typer.Typer(help="List, read, export, replay and discard dead letters.", no_args_is_help=True)
_LAST = 2**63 - 1
"""The largest number that a row can have."""
Ids = Annotated[
    list[int] | None,
    typer.Argument(min=1, max=_LAST, help="Numbers of dead letters.", metavar="ID…"),
]
All = Annotated[bool, typer.Option("--all", help="Every open dead letter.")]


@app.command("list")
@with_filters
def list_(
    context: typer.Context,
    *,
    flat: Annotated[bool, typer.Option("--flat", help="One by one, the oldest first.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Print at most so many.")] = 50,
    as_json: AsJson = False,
    **filters: Any,
) -> None:
    """List open and marked dead letters, grouped by cause."""
    from ..messaging.dead_letters import queries, selection
    from . import letters
    from .running import on_database

    chosen = selection.Selection(**filters)
    read = queries.in_brief if flat else queries.grouped
    found = on_database(context.obj, lambda engine: read(engine, chosen, limit + 1))
    shown = found[:limit]
    if as_json:
        typer.echo("[\n  " + ",\n  ".join(map(letters.record, shown)) + "\n]" if shown else "[]")
    elif shown:
        cells = letters.letter_cells if flat else letters.group_cells
        typer.echo(letters.table([cells(row) for row in shown]))
    else:
        typer.echo("no dead letters")
    if len(found) > limit:
        typer.echo(f"more than {limit} found; --limit shows more", err=True)


@app.command()
def show(
    context: typer.Context,
    letter_id: Annotated[int, typer.Argument(min=1, max=_LAST, metavar="ID")],
    as_json: AsJson = False,
) -> None:
    """Show one dead letter in full: envelope, payload, error, traceback, failed replays."""
    from ..messaging.dead_letters import queries
    from . import letters
    from .running import on_database

    letter = on_database(context.obj, lambda engine: queries.find(engine, letter_id))
    if letter is None:
        raise NotFound(
            f"dead letter {letter_id} does not exist; run: {context.obj.name} dead-letters list"
        )
    typer.echo(letters.record(letter) if as_json else letters.page(letter))


@app.command()
@with_filters
def export(context: typer.Context, **filters: Any) -> None:
    """Print dead letters in full, one line of JSON each.

    A value that is not text is printed as `base64:…`.
    """
    from ..messaging.dead_letters import queries, selection
    from . import letters
    from .running import on_database

    async def print_all(engine: "AsyncEngine") -> None:
        async for page in queries.in_full(engine, selection.Selection(**filters)):
            for letter in page:
                typer.echo(letters.record(letter))

    on_database(context.obj, print_all)


@app.command()
@with_filters
def replay(
    context: typer.Context,
    *,
    ids: Ids = None,
    every: All = False,
    rate: Annotated[int | None, typer.Option(min=1, help="Mark at most so many a second.")] = None,
    dry_run: DryRun = False,
    **filters: Any,
) -> None:
    """Mark dead letters for replay: the handlers that failed handle each event once more.

    The consumers replay what is marked. Ctrl-C stops the marking; what is marked stays marked.
    """
    from . import decisions

    decisions.replay(context.obj, decisions.choose(ids, every, filters), rate, dry_run)


@app.command()
@with_filters
def discard(
    context: typer.Context,
    *,
    ids: Ids = None,
    every: All = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    **filters: Any,
) -> None:
    """Discard dead letters: their events will never be handled. This cannot be undone.

    A dead letter that is marked for replay can only be discarded by its number.
    """
    from . import decisions

    decisions.discard(context.obj, decisions.choose(ids, every, filters), yes)
