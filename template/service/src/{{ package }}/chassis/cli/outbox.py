"""The command `outbox`: publishing events again."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from .options import DryRun, EventType, when

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

app = typer.Typer(help="Publish events again.", no_args_is_help=True)
Since = Annotated[datetime | None, when("Committed since then: 90m, 7d, 2026-01-31.")]
Until = Annotated[datetime | None, when("Committed before then.")]


@app.command("replay")
def replay_(
    context: typer.Context,
    *,
    since: Since = None,
    until: Until = None,
    event_id: Annotated[UUID | None, typer.Option(help="Only this event.")] = None,
    event_type: EventType = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every event that OUTBOX_RETENTION kept.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Put published events back into the outbox. The relay publishes them again, in order.

    Consumers skip events that they have handled before, so it is harmless to replay too many.
    """
    from ..messaging.publishing import republish
    from .running import on_database

    narrowed = any(value is not None for value in (since, until, event_id, event_type))
    if narrowed == every:
        raise typer.BadParameter(
            "choose events by --since, --until, --event-id and --type, or by --all"
        )
    chosen = republish.Published(
        since or republish.ALWAYS, until or republish.NEVER, event_id, event_type
    )

    async def put_back(engine: "AsyncEngine") -> None:
        count = sum(
            [number async for number in republish.republish(engine, chosen, dry_run=dry_run)]
        )
        typer.echo(f"{'would be' if dry_run else 'will be'} published again: {count}")

    on_database(context.obj, put_back)
