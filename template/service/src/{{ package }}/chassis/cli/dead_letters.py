"""The command `dead-letters`, put together."""

import typer

from .decisions import discard, replay
from .reading import export, list_, show

app = typer.Typer(help="List, read, export, replay and discard dead letters.", no_args_is_help=True)
app.command("list")(list_)
app.command()(show)
app.command()(export)
app.command()(replay)
app.command()(discard)
