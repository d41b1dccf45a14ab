"""The commands that decide on dead letters: replay, discard."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from ..cancellation import wait
from ..errors import NotFound, Refused
from ..http.serving import stop_signals
from ..messaging.dead_letters import decisions as deciding
from ..messaging.dead_letters.selection import Selection
from ..messaging.handlers import registered_handlers
from .database import on_database
from .options import All, EventType, Group, Handler, Ids, Reason, Since, Until


def replay(
    context: typer.Context,
    *,
    ids: Ids = None,
    group: Group = None,
    every: All = False,
    event_type: EventType = None,
    handler: Handler = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    rate: Annotated[
        int | None, typer.Option(min=1, help="Mark so many a second, for as long as it takes.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many.")] = False,
) -> None:
    """Let the handlers that failed try again, once on each event.

    This marks dead letters, and the consumers replay what is marked.
    Ctrl-C stops the marking; what is marked by then will be replayed.
    """
    numbers = tuple(ids or ())
    chosen = Selection(numbers, group, event_type, handler, reason, since, until, marked=False)
    _check(chosen, every)
    context.obj.discover()
    on_database(context.obj, lambda engine: _replay(engine, chosen, rate, dry_run))


def discard(
    context: typer.Context,
    *,
    ids: Ids = None,
    group: Group = None,
    every: All = False,
    event_type: EventType = None,
    handler: Handler = None,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Decide that events will never be handled. There is no way back.

    By its number, a dead letter that is marked for replay can be discarded too.
    """
    numbers = tuple(ids or ())
    chosen = Selection(numbers, group, event_type, handler, reason, since, until, bool(numbers))
    _check(chosen, every)
    # Asking happens outside of the event loop, which would keep Ctrl-C from the question.
    plan = on_database(context.obj, lambda engine: deciding.plan_discard(engine, chosen))
    if plan.count and not yes:
        _ask(plan.count)

    async def discard_them(engine: AsyncEngine) -> None:
        await _decide("discarded", deciding.discard(engine, plan.chosen), plan)

    on_database(context.obj, discard_them)


def _check(chosen: Selection, every: bool) -> None:
    if (bool(chosen.ids), chosen.group is not None, every).count(True) != 1:
        raise typer.BadParameter("give the numbers of dead letters, or --group, or --all")
    narrower = (chosen.event_type, chosen.handler, chosen.reason, chosen.since, chosen.until)
    if chosen.ids and any(narrower):
        raise typer.BadParameter("what is given beside numbers would not be looked at")


async def _replay(engine: AsyncEngine, chosen: Selection, rate: int | None, dry_run: bool) -> None:
    plan = await deciding.plan_replay(engine, chosen, registered_handlers())
    missing = plan.without_handler
    if missing and chosen.ids:
        raise Refused(f"nothing is marked, for this code has no {_named(missing)}")
    if dry_run:
        typer.echo(f"would be marked for replay: {plan.count}")
    else:
        size = min(rate or deciding.BATCH, deciding.BATCH)
        await _decide("marked for replay", deciding.replay(engine, plan.chosen, size), plan, rate)
    if missing:
        raise Refused(f"the rest is left alone, for this code has no {_named(missing)}")


async def _decide(
    done: str,
    batches: AsyncIterator[Sequence[int]],
    plan: deciding.Plan,
    rate: int | None = None,
) -> None:
    """Go through the batches, at most `rate` letters a second, and tell what came of it."""
    clock = asyncio.get_running_loop().time
    began, count, left = clock(), 0, set(plan.chosen.ids)
    with stop_signals() as stopping:
        async for batch in batches:
            count += len(batch)
            left.difference_update(batch)
            if rate and count < plan.count:
                await wait(began + count / rate - clock(), stopping)
            if stopping.is_set():
                break
    typer.echo(f"{done}: {count}")
    if stopping.is_set():
        raise Refused(f"interrupted; as they were: {plan.count - count}")
    if plan.chosen.group and not plan.count:
        raise NotFound(f"no dead letter of group {plan.chosen.group} is open")
    if left:
        raise NotFound(f"not open, so left alone: {', '.join(map(str, sorted(left)))}")


def _named(missing: Mapping[tuple[str, str], int]) -> str:
    return ", ".join(
        f"handler {name!r} of {event_type} any more ({count})"
        for (name, event_type), count in sorted(missing.items())
    )


def _ask(found: int) -> None:
    if not sys.stdin.isatty():
        raise Refused(f"there is no terminal to ask on; give --yes to discard all {found}")
    question = f"Dead letters to discard: {found}. Their events will never be handled. Go on?"
    typer.confirm(question, abort=True, err=True)
