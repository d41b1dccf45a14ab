"""The command line of what proves a service: `prove`."""

from pathlib import Path
from typing import Annotated

import typer

from eventsmith.cli.reporting import show

app = typer.Typer()


@app.command()
def prove(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The service, or a folder in it.")
    ] = Path(),
    *,
    expression: Annotated[
        str | None, typer.Option("-k", metavar="EXPR", help="Only these tests, as pytest says it.")
    ] = None,
    chaos: Annotated[
        float | None,
        typer.Option(min=1, metavar="SECONDS", help="Harm its processes and servers instead."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Repeat the chaos of this seed.")
    ] = None,
) -> None:
    """Run the exhaustive suite of the chassis against a service, whose files stay untouched."""
    from eventsmith.proving.prove import Request
    from eventsmith.proving.prove import prove as run

    if chaos is None and seed is not None:
        raise typer.BadParameter("goes with --chaos", param_hint="--seed")
    if chaos is not None and expression is not None:
        raise typer.BadParameter("selects tests, and --chaos runs none", param_hint="-k")
    proof = run(Request(folder, expression, chaos, seed))
    if not proof.held:
        raise typer.Exit(1)
    show(f"{proof.service} holds, by the suite of {proof.suite}")
