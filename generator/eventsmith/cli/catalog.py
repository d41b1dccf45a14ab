"""The command line of what looks at several services: `catalog`."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eventsmith.cli.reporting import note

if TYPE_CHECKING:
    from eventsmith.catalog.model import Catalog
    from eventsmith.catalog.notices import Notice

app = typer.Typer()


class Format(StrEnum):
    """What the catalog is printed as."""

    TABLE = "table"
    JSON = "json"
    MERMAID = "mermaid"
    HTML = "html"


@app.command()
def catalog(
    places: Annotated[
        list[Path],
        typer.Argument(metavar="DIR", help="Services, or folders that hold services."),
    ],
    *,
    form: Annotated[
        Format, typer.Option("--format", help="html is one page: redirect it to a file.")
    ] = Format.TABLE,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if there is a warning.")
    ] = False,
) -> None:
    """Tell who publishes and consumes what over several services.

    Warns of events that nobody publishes, and of consumers whose contract does not fit.

    JSON has services, events and notices, under names that stay; docs/catalog.md lists them.
    """
    from eventsmith.catalog.model import catalog as bring_together
    from eventsmith.catalog.notices import notices
    from eventsmith.catalog.reading import members

    found = bring_together(members(places))
    note(f"found {', '.join(member.slug for member in found.members)}")
    told = notices(found)
    typer.echo(_rendered(found, told, form))
    if strict and any(notice.level == "warning" for notice in told):
        raise typer.Exit(1)


def _rendered(found: "Catalog", told: "list[Notice]", form: Format) -> str:
    match form:
        case Format.TABLE:
            from eventsmith.catalog.table import table

            return table(found, told)
        case Format.JSON:
            from eventsmith.catalog.document import document

            return json.dumps(document(found, told), indent=2)
        case Format.MERMAID:
            from eventsmith.catalog.mermaid import mermaid

            return mermaid(found, told)
        case Format.HTML:
            from eventsmith.catalog.page import page

            return page(found, told)
