"""The command `outbox`: publishing events again."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from ..messaging.publishing.republish import ALWAYS, NEVER, Published, republish
from .database import on_database
from .options import EventType, moment

app = typer.Typer(help="Publish events again.", no_args_is_help=True)
Since = Annotated[
    datetime | None,
    typer.Option(parser=moment, metavar="WHEN", help="Committed since then: 90m, 7d, 2026-01-31."),
]
Until = Annotated[
    datetime | None, typer.Option(parser=moment, metavar="WHEN", help="Committed before then.")
]


@app.callback()
def outbox() -> None:
    """Publish events again."""


@app.command("replay")
def replay_(
    context: typer.Context,
    *,
    since: Since = None,
    until: Until = None,
    event_id: Annotated[UUID | None, typer.Option(help="This event.")] = None,
    event_type: EventType = None,
    every: Annotated[bool, typer.Option("--all", help="All that OUTBOX_RETENTION kept.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many.")] = False,
) -> None:
    """Put published events back into the outbox: the relay publishes them again, in their order.

    Consumers that handled them before skip them, so it is harmless to replay too many.
    """
    narrowed = any(value is not None for value in (since, until, event_id, event_type))
    if narrowed == every:
        raise typer.BadParameter("say which events: --since, --until, --event-id, --type or --all")
    chosen = Published(since or ALWAYS, until or NEVER, event_id, event_type)

    async def put_back(engine: AsyncEngine) -> None:
        count = sum([number async for number in republish(engine, chosen, dry_run=dry_run)])
        typer.echo(f"{'would be published' if dry_run else 'to be published'} again: {count}")

    on_database(context.obj, put_back)
