"""One attempt of one handler: its transaction, its time, and whatever it raises."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from time import perf_counter
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from ...waiting import cancellable, cancellations
from ..envelope import Envelope
from ..handlers import Handler
from ..observing.metrics import HANDLED, HANDLER_SECONDS
from ..unit_of_work import PATIENCE, UnitsOfWork

Take = Callable[[AsyncSession, str, Collection[UUID]], Awaitable[set[UUID]]]
"""Writes in the handler's transaction that it is done with events; those it was not done with."""


async def attempt(
    units: UnitsOfWork, handler: Handler, envelopes: Sequence[Envelope], take: Take
) -> int | Exception:
    """Run a handler on the events that it takes, all in one transaction: how many those were, or
    what it raised. The one place where any exception is caught."""
    cause = envelopes[0] if len(envelopes) == 1 else None
    by_id = {envelope.event_id: envelope for envelope in envelopes}
    started, cancelled = perf_counter(), cancellations()
    try:
        with cancellable():
            async with asyncio.timeout(handler.timeout), units.open(cause) as uow:
                async with asyncio.timeout(PATIENCE):
                    taken = await take(uow.session, handler.name, by_id)
                new = [envelope for event_id, envelope in by_id.items() if event_id in taken]
                if new:
                    events = [handler.event.of(one.identity, one.payload) for one in new]
                    await handler.run(events, uow)
    except asyncio.CancelledError:
        if cancellations() > cancelled:
            raise
        HANDLED.labels(handler.name, "failed").inc(len(envelopes))
        return RuntimeError("the handler awaited something that was cancelled")
    except Exception as error:  # noqa: BLE001 (the boundary of the service's own code)
        HANDLED.labels(handler.name, "failed").inc(len(envelopes))
        return error
    HANDLED.labels(handler.name, "done").inc(len(new))
    HANDLED.labels(handler.name, "duplicate").inc(len(envelopes) - len(new))
    if new:
        HANDLER_SECONDS.labels(handler.name).observe(perf_counter() - started)
    return len(new)
