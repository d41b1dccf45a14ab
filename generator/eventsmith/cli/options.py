"""Options that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    list[str] | None,
    typer.Option("--data", "-d", metavar="KEY=VALUE", help="Answer a question; repeatable."),
]
Folder = Annotated[Path, typer.Option("-C", metavar="DIR", help="The service, or a folder in it.")]
Template = Annotated[
    str | None, typer.Option(metavar="SRC", help="Use this template: a folder or an address.")
]


def pairs(data: list[str]) -> dict[str, str]:
    """Read the KEY=VALUE of every -d."""
    items = [item.partition("=") for item in data]
    for key, equals, value in items:
        if not (key and equals):
            raise typer.BadParameter(f"'{key}{equals}{value}' is no KEY=VALUE", param_hint="-d")
    return {key: value for key, _, value in items}
