"""The command line: parses, calls and prints; what a command does stands in its own file."""

import signal
import sys
from enum import StrEnum
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from eventsmith import cli_catalog
from eventsmith.errors import EventsmithError
from eventsmith.reporting import Commands, hint, note


class Role(StrEnum):
    """What a service does with an event."""

    PUBLISHES = "publishes"
    CONSUMES = "consumes"
    BOTH = "both"


app = typer.Typer(cls=Commands, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(cli_catalog.app)


def run() -> None:
    """Run the command line as a program."""
    from eventsmith import git

    git.forget_caller()
    # A CI job that is cancelled ends like Ctrl-C does: what was half made is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    app(prog_name="eventsmith")


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        from importlib.metadata import version

        typer.echo(f"eventsmith {version('eventsmith')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def eventsmith(
    ctx: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """Make event-driven services, and let them grow."""
    del debug, version  # read by Commands and by _print_version
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


@app.command()
def new(
    dest: Annotated[
        str, typer.Argument(metavar="DEST", help="A new or empty folder; it names the service.")
    ],
    *,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", "-d", metavar="KEY=VALUE", help="Answer a question; repeatable."),
    ] = None,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Ask nothing; without a terminal nothing is asked.")
    ] = False,
    no_git: Annotated[bool, typer.Option("--no-git", help="Make no git repository.")] = False,
    no_lock: Annotated[bool, typer.Option("--no-lock", help="Lock no dependencies.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the files, write none.")] = False,
    template: Annotated[
        str | None, typer.Option(metavar="SRC", help="Use this template: a folder or an address.")
    ] = None,
) -> None:
    """Make a service in the folder DEST."""
    from eventsmith.new import Request, create, preview
    from eventsmith.source import find

    if not dest:
        raise typer.BadParameter("is empty", param_hint="DEST")  # it would mean this folder
    given = _pairs(data or [])
    source = find(template)
    note(source.remark)
    request = Request(Path(dest), source, given, ask=_terminal() and not defaults)
    if dry_run:
        typer.echo("\n".join(preview(request).files))
        return
    service = create(request, lock=not no_lock, commit=not no_git)
    for warning in service.warnings:
        note(warning)
    typer.echo(f"Made {service.slug} in {dest}: {len(service.files)} files. Next:")
    hint(f"cd {quote(dest)}", "uv sync", f"uv run {service.slug} dev")


@app.command()
def add_event(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What happened, such as OrderShipped.")
    ],
    fields: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FIELD:TYPE",
            help="Such as carrier:str, weight:decimal:optional or tags:list:str. Types: str, int, "
            "float, bool, decimal, uuid, datetime, date, json.",
        ),
    ] = None,
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
    origin: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="PLACE",
            help="Consume it as its publisher describes it: a service, its contracts/, or a file.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the files, write none.")] = False,
    folder: Annotated[
        Path, typer.Option("-C", metavar="DIR", help="The service, or a folder in it.")
    ] = Path(),
    template: Annotated[
        str | None, typer.Option(metavar="SRC", help="Use this template: a folder or an address.")
    ] = None,
) -> None:
    """Add an event to the service in this folder, as new files."""
    from eventsmith.add_event import add
    from eventsmith.changes import Fate
    from eventsmith.event_answers import Request

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
    if differing := addition.having(Fate.DIFFERS):
        typer.echo("".join(change.diff for change in differing), nl=False)
        raise EventsmithError(
            f"{differing[0].path} has been edited, and nothing was written; take over by hand what "
            f"you want of the difference above, or move the file away and run this again"
        )
    for change in addition.changes:
        typer.echo(f"{change.fate:<9}  {change.path}")
    if not dry_run:
        hint(*addition.next_steps)


@app.command()
def demo(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="A new or empty folder; else one under .demo/."),
    ] = None,
    *,
    keep_running: Annotated[
        bool, typer.Option("--keep-running", help="Leave both services up until Ctrl-C.")
    ] = False,
) -> None:
    """Make two services, run them, and follow every event through them."""
    from eventsmith.demo import demonstrate

    demonstrate(folder, keep_running=keep_running)


def _pairs(data: list[str]) -> dict[str, str]:
    """Read the KEY=VALUE of every -d."""
    pairs = [item.partition("=") for item in data]
    for key, equals, value in pairs:
        if not (key and equals):
            raise typer.BadParameter(f"'{key}{equals}{value}' is no KEY=VALUE", param_hint="-d")
    return {key: value for key, _, value in pairs}


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
