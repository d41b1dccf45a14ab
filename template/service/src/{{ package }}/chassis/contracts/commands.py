"""The commands `contracts` and `asyncapi`: the contracts of events, checked and printed."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import metadata
from pathlib import Path
from typing import Annotated

import typer

from ..cli.options import AsJson
from ..errors import NotFound, Refused
from ..messaging.events import registered_events
from ..service import AnyService, import_modules
from .asyncapi import document
from .contract import contract_of, text_of
from .schema import Schema
from .snapshots import Verdict, examine, read, write

app = typer.Typer(help="Check events against their contracts.", no_args_is_help=True)
Folder = Annotated[Path, typer.Option(help="The folder of the snapshots.")]
Accepted = Annotated[
    list[str] | None,
    typer.Option(
        "--breaking",
        metavar="TYPE",
        help="Replace this snapshot although the change breaks consumers.",
    ),
]
FOLDER = Path("contracts")


@app.command()
def check(context: typer.Context, folder: Folder = FOLDER, as_json: AsJson = False) -> None:
    """Compare each event with the snapshot of its contract; exit 1 unless all match."""
    service = context.obj
    contracts = _declared(service)
    verdicts = examine(service.name, read(folder), contracts)
    if as_json:
        typer.echo(json.dumps([asdict(verdict) for verdict in verdicts]))
    elif contracts and not folder.is_dir():
        raise NotFound(
            f"the folder {folder} does not exist; run this in the folder of the project, "
            f"or write the first snapshots with: {service.name} contracts export"
        )
    else:
        typer.echo(_text(verdicts))
    if any(verdict.status != "ok" for verdict in verdicts):
        raise typer.Exit(1)


@app.command()
def export(context: typer.Context, folder: Folder = FOLDER, breaking: Accepted = None) -> None:
    """Write the snapshots that are missing or lack a compatible change: all of them or none."""
    service = context.obj
    contracts = _declared(service)
    accepted = set(breaking or ())
    if unknown := sorted(accepted - contracts.keys()):
        raise typer.BadParameter(f"this service declares no event {unknown[0]}")
    found = examine(service.name, read(folder), contracts)
    verdicts = [verdict for verdict in found if verdict.status not in ("ok", "orphaned")]
    broken = [one.type for one in verdicts if one.status in ("breaking", "unreadable")]
    if refused := [name for name in broken if name not in accepted]:
        raise Refused(
            f"nothing was written: {refused[0]} does not match its contract; "
            f"run: {service.name} contracts check. "
            f"If nobody has consumed the event yet: --breaking {refused[0]}"
        )
    for verdict in verdicts:
        written = write(folder, verdict.type, text_of(contracts[verdict.type]))
        typer.echo(f"{verdict.status}, written: {written}")
    if not verdicts:
        typer.echo("all snapshots are up to date")


def asyncapi(context: typer.Context) -> None:
    """Print what this service publishes and consumes, as an AsyncAPI 3 document."""
    from ..messaging.handlers import registered_handlers

    service = context.obj
    service.discover()
    installed = metadata(service.name)
    about = {"version": installed["Version"], "description": installed["Summary"]}
    typer.echo(
        text_of(document(service.name, _declared(service), registered_handlers(), about)), nl=False
    )


def _declared(service: AnyService) -> dict[str, Schema]:
    """The contracts of all events, by type."""
    import_modules(service.events)
    return {name: contract_of(event) for name, event in sorted(registered_events().items())}


def _text(verdicts: Sequence[Verdict]) -> str:
    lines = []
    for verdict in verdicts:
        if verdict.status != "ok":
            lines.append(f"{verdict.type}: {verdict.status}")
            for found in verdict.findings:
                about = ": ".join(filter(None, (found.field, found.rule, found.detail)))
                lines.append(f"  {about}{'' if found.breaking else ' (compatible)'}")
            lines.append(f"  → {verdict.way_out}")
    ok = sum(verdict.status == "ok" for verdict in verdicts)
    return "\n".join([*lines, f"{ok} of {len(verdicts)} contracts match"])
