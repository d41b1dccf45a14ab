"""The command line: parses, calls and prints; what a command does stands in its own file."""

import gc
import signal
import sys
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from eventsmith.cli import catalog as cli_catalog
from eventsmith.cli import events as cli_events
from eventsmith.cli import proving as cli_proving
from eventsmith.cli import updating as cli_updating
from eventsmith.cli.options import Data, Template, pairs
from eventsmith.cli.reporting import Commands, hint, note

app = typer.Typer(cls=Commands, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(cli_events.app)
app.add_typer(cli_updating.app)
app.add_typer(cli_proving.app)
app.add_typer(cli_catalog.app)


def run() -> None:
    """Run the command line as a program."""
    from eventsmith import git

    gc.disable()  # a command ends before garbage matters, and would look for it a dozen times
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
    data: Data = None,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Ask nothing; without a terminal nothing is asked.")
    ] = False,
    no_git: Annotated[bool, typer.Option("--no-git", help="Make no git repository.")] = False,
    no_lock: Annotated[bool, typer.Option("--no-lock", help="Lock no dependencies.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the files, write none.")] = False,
    template: Template = None,
) -> None:
    """Make a service in the folder DEST."""
    from eventsmith.new import Request, create, preview
    from eventsmith.template.source import find

    if not dest:
        raise typer.BadParameter("is empty", param_hint="DEST")  # it would mean this folder
    given = pairs(data or [])
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


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
