"""The command line of a service's events: `add-event`, `remove-event` and `events`."""

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eventsmith.cli.options import Folder, Template
from eventsmith.cli.reporting import columns, hint, note, show
from eventsmith.errors import EventsmithError

if TYPE_CHECKING:
    from eventsmith.events.add import Addition


class Role(StrEnum):
    """What a service does with an event."""

    PUBLISHES = "publishes"
    CONSUMES = "consumes"
    BOTH = "both"


Fields = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FIELD:TYPE",
        help="Such as carrier:str, weight:decimal:optional or tags:list:str. Types: str, int, "
        "float, bool, decimal, uuid, datetime, date, json.",
    ),
]
Origin = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="PLACE",
        help="Consume it as its publisher describes it: a service, its contracts/, or a file.",
    ),
]
app = typer.Typer()


@app.command()
def add_event(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What happened, such as OrderShipped.")
    ],
    fields: Fields = None,
    *,
    role: Annotated[
        Role | None, typer.Option(help="What this service does with it; else it publishes it.")
    ] = None,
    publisher: Annotated[
        str | None, typer.Option(metavar="SLUG", help="The service that publishes it; else this.")
    ] = None,
    version: Annotated[int | None, typer.Option(min=1, help="A version beside others.")] = None,
    stream: Annotated[
        str | None, typer.Option(help="The stream it travels on; else the publisher's own.")
    ] = None,
    origin: Origin = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the files, write none.")] = False,
    folder: Folder = Path(),
    template: Template = None,
) -> None:
    """Add an event to the service in this folder, as new files."""
    from eventsmith.events.add import add
    from eventsmith.events.answers import Request

    if origin and (fields or stream or role not in (None, Role.CONSUMES)):
        raise typer.BadParameter(
            "the publisher says what the event is; leave out fields, --stream and --role",
            param_hint="--from",
        )
    request = Request(
        folder, name, fields or (), role, publisher, version, stream, origin, template
    )
    addition = add(request, dry_run=dry_run)
    note(addition.remark)
    _refuse_edited(addition)
    for change in addition.changes:
        show(f"{change.fate:<9}  {change.path}")
    if not dry_run:
        hint(*addition.next_steps)


def _refuse_edited(addition: "Addition") -> None:
    from eventsmith.changes import Fate

    if differing := addition.having(Fate.DIFFERS):
        show("".join(change.diff for change in differing), end="")
        raise EventsmithError(
            f"{differing[0].path} has been edited, and nothing was written; take over by hand what "
            "you want of the difference above, or move the file away and run this again"
        )


@app.command()
def remove_event(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as OrderShipped.")],
    *,
    version: Annotated[int | None, typer.Option(min=1, help="One of its versions.")] = None,
    publisher: Annotated[
        str | None, typer.Option(metavar="SLUG", help="The service that publishes it.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the files, delete none.")
    ] = False,
    folder: Folder = Path(),
    template: Template = None,
) -> None:
    """Delete the files of an event, if nobody has edited them."""
    from eventsmith.events.remove import Request, remove

    removal = remove(Request(folder, name, version, publisher, template), dry_run=dry_run)
    for path in removal.files:
        show(f"removed    {path}")
    for text in removal.notes:
        note(text)
    slug, gone = removal.service.slug, removal.event.type
    note(f"outbox and streams may still hold {gone}; see their backlog by: uv run {slug} status")


@app.command()
def events(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    folder: Folder = Path(),
) -> None:
    """List the events of the service in this folder."""
    from eventsmith.events.listing import events as read

    rows = [asdict(row) for row in read(folder)]
    if as_json:
        show(json.dumps(rows, indent=2))
    elif rows:
        titles = list(rows[0])
        cells = [
            [str("-" if row[title] is None else row[title]) for title in titles] for row in rows
        ]
        show("\n".join(columns([titles, *cells])))
    else:
        show("no events yet; add one: eventsmith add-event NAME")
