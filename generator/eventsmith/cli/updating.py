"""The command line of what keeps a service close to its template: `update` and `check`."""

import json
from collections.abc import Sized
from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from eventsmith.cli.options import Data, Folder, Template, pairs
from eventsmith.cli.reporting import hint, note, show

if TYPE_CHECKING:
    from eventsmith.updating.update import Update

app = typer.Typer()
_CONFLICTS, _DRIFT = 3, 4


@app.command()
def update(
    *,
    to: Annotated[
        str | None, typer.Option(metavar="REF", help="The version to go to; else the newest.")
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(metavar="REF", help="The version it was made from, if none is recorded."),
    ] = None,
    data: Data = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the difference, change nothing.")
    ] = False,
    folder: Folder = Path(),
    template: Template = None,
) -> None:
    """Move the service and its events to a newer template; what changes is staged."""
    from eventsmith.updating.update import Request
    from eventsmith.updating.update import update as run

    request = Request(folder, to, base, pairs(data or []), template)
    outcome = run(request, dry_run=dry_run)
    for text in outcome.notes:
        note(text)
    if not outcome.changed:
        show(f"{outcome.service.slug} is at {outcome.end} already")
    elif dry_run:
        show(outcome.diff, end="")
        for path, reason in outcome.conflicts.items():
            note(f"this would be a conflict: {path}, {reason}")
        for line in outcome.outdated:
            note(f"this import would have to change: {line}")
    else:
        _tell(outcome)
    raise typer.Exit(_CONFLICTS if outcome.conflicts else 0)


@app.command()
def check(
    *,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what would bring the files back.")
    ] = False,
    latest: Annotated[
        bool, typer.Option("--latest", help="Find fault with an older template too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    folder: Folder = Path(),
    template: Template = None,
) -> None:
    """Tell whether the chassis, the events and the contracts are as the template makes them."""
    from eventsmith.checking.check import check as run

    report = run(folder, template, latest=latest)
    for text in report.notes:
        note(text)
    if as_json:
        show(json.dumps({"ok": not report.findings} | asdict(report), indent=2))
    else:
        for found in report.findings:
            show(f"{found.kind:<8}  {found.subject}: {found.message}")
            show(found.diff if diff else "", end="")
        if not report.findings:
            show(f"{report.service} is as {report.version} makes it")
    raise typer.Exit(_DRIFT if report.findings else 0)


def _tell(outcome: "Update") -> None:
    """Say what has changed and what to type now."""
    from eventsmith.repository import undo

    slug, start, end = outcome.service.slug, outcome.start, outcome.end
    there = outcome.service.folder
    git = "git" if there == Path.cwd() else f"git -C {quote(str(there))}"
    only = "" if outcome.alone else " -- ."
    commit = f"{git} commit --message {quote(f'Update {slug} to {end}')}{only}"
    way = f"from {start} to {end}" if start != end else f"at {end}"
    show(f"Updated {slug} {way}: {_counted(outcome.changed, 'file')}, nothing is committed.")
    if outcome.conflicts:
        show(f"{_counted(outcome.conflicts, 'conflict')} to resolve:")
        hint(*(f"{path}  {reason}" for path, reason in outcome.conflicts.items()))
    if outcome.outdated:
        show(f"{_counted(outcome.outdated, 'import')} of yours to change, for what has moved:")
        hint(*map(str, outcome.outdated))
    if not (outcome.conflicts or outcome.outdated):
        hint(f"{git} diff --cached{only}", commit)
        return
    show("When that is done:")
    hint(f"{git} add --all -- .", commit)
    show("Or back to where you were:")
    hint(undo(git))


def _counted(things: Sized, name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"
