"""Replaying and discarding dead letters from the command line."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from ..errors import NotFound, Refused
from ..http.serving import stop_signals
from ..messaging.dead_letters import decisions
from ..messaging.dead_letters.selection import Selection
from ..messaging.handlers import registered_handlers
from ..service import AnyService
from ..waiting import wait
from .running import on_database


def replay(service: AnyService, chosen: Selection, rate: int | None, dry_run: bool) -> None:
    """Mark the chosen dead letters for replay, at most `rate` a second."""
    service.discover()
    on_database(service, lambda engine: _replay(engine, chosen, rate, dry_run))


def discard(service: AnyService, chosen: Selection, sure: bool) -> None:
    """Discard the chosen dead letters; ask before, unless the operator is sure."""
    # Asking happens outside of the event loop, which would keep Ctrl-C from the question.
    plan = on_database(service, lambda engine: decisions.plan_discard(engine, chosen))
    if plan.count and not sure:
        _ask(plan.count)

    async def discard_them(engine: AsyncEngine) -> None:
        await _carry_out("discarded", decisions.discard(engine, plan.chosen), plan)

    on_database(service, discard_them)


def choose(ids: Sequence[int] | None, every: bool, filters: Mapping[str, Any]) -> Selection:
    """The dead letters that the arguments choose; raises BadParameter."""
    group = filters["group"]
    if (bool(ids), group is not None, every).count(True) != 1:
        raise typer.BadParameter("choose dead letters by their numbers, by --group or by --all")
    if ids and any(filters.values()):
        raise typer.BadParameter("numbers cannot be combined with filters")
    return Selection(tuple(ids or ()), **filters, marked=bool(ids))


async def _replay(engine: AsyncEngine, chosen: Selection, rate: int | None, dry_run: bool) -> None:
    plan = await decisions.plan_replay(engine, chosen, registered_handlers())
    missing = ", ".join(
        f"{name!r} of {event_type} ({count})"
        for (name, event_type), count in sorted(plan.without_handler.items())
    )
    if missing and chosen.ids:
        raise Refused(f"nothing was marked: this code has no handler {missing}")
    if dry_run:
        typer.echo(f"would be marked for replay: {plan.count}")
    else:
        size = min(rate or decisions.BATCH, decisions.BATCH)
        batches = decisions.mark_for_replay(engine, plan.chosen, size)
        await _carry_out("marked for replay", batches, plan, rate)
    if missing:
        raise Refused(f"some were skipped: this code has no handler {missing}")


async def _carry_out(
    done: str,
    batches: AsyncIterator[Sequence[int]],
    plan: decisions.Plan,
    rate: int | None = None,
) -> None:
    """Go through the batches, at most `rate` dead letters a second, and print what was done."""
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
        raise Refused(f"interrupted; not {done}: {plan.count - count}")
    if plan.chosen.group and not plan.count:
        raise NotFound(f"group {plan.chosen.group} has no open dead letter")
    if left:
        raise NotFound(f"skipped, for they are not open: {', '.join(map(str, sorted(left)))}")


def _ask(count: int) -> None:
    if not sys.stdin.isatty():
        raise Refused(f"there is no terminal to confirm on; --yes discards all {count}")
    question = f"Discard {count} dead letters? Their events will never be handled."
    typer.confirm(question, abort=True, err=True)
