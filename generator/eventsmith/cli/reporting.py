"""How the command line speaks: results on stdout; notes and errors of one line on stderr."""

import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from eventsmith.errors import EventsmithError


class Commands(TyperGroup):
    """All commands; whatever goes wrong in them ends in one line and an exit code."""

    def main(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401
        """Run a command and leave with its exit code."""
        extra["standalone_mode"] = False  # Typer's own way out prints a box
        try:
            code = super().main(*args, **extra)
        except typer.TyperException as error:
            fail(f"{error.format_message().rstrip('.')}; {_help(error)}", error.exit_code)
        except EventsmithError as error:
            fail(str(error), error.exit_code)
        except typer.Abort:
            fail("stopped", 1)
        except OSError as error:
            fail(f"{error.strerror}: {error.filename}", 1)
        except Exception as error:  # noqa: BLE001 - the last line of defence
            fail(f"a bug in eventsmith ({error!r}); please report what --debug prints", 1)
        sys.exit(code or 0)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401
        """Run a command; with --debug, show where an error comes from."""
        try:
            return super().invoke(ctx)
        except typer.Exit:
            raise
        except (Exception, KeyboardInterrupt) as error:
            if ctx.params["debug"]:
                traceback.print_exception(error)
            elif isinstance(error, KeyboardInterrupt):
                note("stopped")
            raise


def printable(text: str) -> str:
    """Return `text`, which may be from anywhere, with nothing in it that commands a terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text)


def show(text: str, *, end: str = "\n") -> None:
    """Print a result: on a terminal what can be shown there, to a program or a file all of it.

    Bytes in the name of a file that are no text are escaped in both.
    """
    encodable = text.encode("utf-8", "backslashreplace").decode()
    typer.echo((printable(text) if sys.stdout.isatty() else encodable) + end, nl=False)


def note(text: str | None) -> None:
    """Tell what the user should know, if there is something."""
    if text:
        typer.echo(f"note: {printable(text)}", err=True)


def hint(*commands: str) -> None:
    """Show commands to type next."""
    for command in commands:
        show(f"  {command}")


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the rows as lines in which each column begins at the same place."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return ["  ".join(cells).rstrip() for cells in padded]


def fail(message: str, code: int) -> NoReturn:
    """Tell what is wrong, and end."""
    typer.echo(f"error: {printable(message)}", err=True)
    sys.exit(code)


def _help(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"see {context.command_path if context else 'eventsmith'} --help"
