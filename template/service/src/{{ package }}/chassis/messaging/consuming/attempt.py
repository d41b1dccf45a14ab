"""One attempt of one handler: its transaction, its time, and whatever it raises."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from time import perf_counter
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from ...cancellation import cancellable, cancellations
from ..envelope import Envelope
from ..handlers import Handler
from ..metrics import HANDLED, HANDLER_SECONDS
from ..unit_of_work import PATIENCE, UnitOfWork, UnitsOfWork

Take = Callable[[AsyncSession], Awaitable[Collection[UUID]]]
"""Decides, in the handler's transaction, which of the events the handler is to have."""


async def attempt(
    units: UnitsOfWork, handler: Handler, envelopes: Sequence[Envelope], take: Take
) -> int | Exception:
    """Run a handler on the events that it takes, all in one transaction: how many those were, or
    what it raised. The one place where any exception is caught."""
    cause = envelopes[0] if len(envelopes) == 1 else None
    started = perf_counter()
    cancelled = cancellations()
    try:
        with cancellable():
            async with asyncio.timeout(handler.timeout), units.open(cause) as uow:
                events = await _run(handler, envelopes, take, uow)
    except asyncio.CancelledError:
        if cancellations() > cancelled:
            raise
        HANDLED.labels(handler.name, "failed").inc(len(envelopes))
        return RuntimeError("the handler awaited something that was cancelled")
    except Exception as error:  # noqa: BLE001 (the boundary of the service's own code)
        HANDLED.labels(handler.name, "failed").inc(len(envelopes))
        return error
    HANDLED.labels(handler.name, "done").inc(events)
    HANDLED.labels(handler.name, "duplicate").inc(len(envelopes) - events)
    if events:
        HANDLER_SECONDS.labels(handler.name).observe(perf_counter() - started)
    return events


async def _run(handler: Handler, envelopes: Sequence[Envelope], take: Take, uow: UnitOfWork) -> int:
    async with asyncio.timeout(PATIENCE):
        taken = await take(uow.session)
    events = [
        handler.event.of(envelope.identity, envelope.payload)
        for envelope in {e.event_id: e for e in envelopes}.values()
        if envelope.event_id in taken
    ]
    if events:
        await handler.run(events, uow)
    return len(events)
