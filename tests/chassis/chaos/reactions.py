"""The events and handlers of the service under chaos.

What an event will do to its handlers is written in its payload, so it is known beforehand which
events may die. CHAOS_VERSION=2 is the next release: it handles one type more.
"""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from orders.chassis import DomainEvent, Permanent, UnitOfWork, event, handles

from ..service import SERVICE

TIMEOUT = 15
"""Seconds that a handler may take: the longest that a frozen one holds its rows."""


class Stirred(DomainEvent):
    """An event that tells its handlers how to behave."""

    mood: Literal["well", "slow", "stuck", "flaky", "poison", "permanent"]
    seconds: float = 0
    failures: int = 0


@event(f"{SERVICE}.ChaosStirred.v1")
class ChaosStirred(Stirred):
    """Handled one by one, by two handlers."""


@event(f"{SERVICE}.ChaosGathered.v1")
class ChaosGathered(Stirred):
    """Handled in batches."""


@event(f"{SERVICE}.ChaosExploded.v1")
class ChaosExploded(Stirred):
    """Kills whoever handles it."""


@event(f"{SERVICE}.ChaosWidened.v1")
class ChaosWidened(Stirred):
    """Handled by the next release only."""


async def leave_effect(handler: str, stirred: Stirred, uow: UnitOfWork) -> None:
    """What must happen once: the table would take it twice."""
    statement = "INSERT INTO chaos_effects (event_id, handler) VALUES (:event_id, :handler)"
    await uow.session.execute(text(statement), {"event_id": stirred.event_id, "handler": handler})


async def behave(stirred: Stirred, uow: UnitOfWork) -> None:
    """Do what the event says."""
    if stirred.mood == "slow":
        await asyncio.sleep(stirred.seconds)
    elif stirred.mood == "stuck":
        block(stirred.seconds)
    elif stirred.mood == "flaky" and await has_to_fail(stirred, uow):
        raise RuntimeError("fails at times")
    elif stirred.mood == "poison":
        raise RuntimeError("fails for ever")
    elif stirred.mood == "permanent":
        raise Permanent("no retry will help")


def block(seconds: float) -> None:
    """Hold up everything in this process, heartbeats included."""
    time.sleep(seconds)


async def has_to_fail(stirred: Stirred, uow: UnitOfWork) -> bool:
    """Count failures outside the transaction, which is about to be rolled back."""
    statement = """
        INSERT INTO chaos_failures (event_id, count) VALUES (:event_id, 1)
        ON CONFLICT (event_id) DO UPDATE SET count = chaos_failures.count + 1 RETURNING count
    """
    assert isinstance(uow.session.bind, AsyncEngine)
    async with uow.session.bind.begin() as outside:
        count = await outside.scalar(text(statement), {"event_id": stirred.event_id})
    return int(count) <= stirred.failures


@handles(ChaosStirred, name="chaos.note", timeout=TIMEOUT)
async def note(stirred: ChaosStirred, uow: UnitOfWork) -> None:
    """Do well whatever the event says: the other handler's failures are not this one's."""
    await leave_effect("chaos.note", stirred, uow)


@handles(ChaosStirred, name="chaos.obey", timeout=TIMEOUT)
async def obey(stirred: ChaosStirred, uow: UnitOfWork) -> None:
    """Do what the event says."""
    await leave_effect("chaos.obey", stirred, uow)
    await behave(stirred, uow)


@handles(ChaosGathered, name="chaos.gather", batch=10, timeout=TIMEOUT)
async def gather(batch: Sequence[ChaosGathered], uow: UnitOfWork) -> None:
    """Do what each event says, all in one transaction."""
    for gathered in batch:
        await leave_effect("chaos.gather", gathered, uow)
        await behave(gathered, uow)


@handles(ChaosExploded, name="chaos.explode", max_attempts=3, timeout=TIMEOUT)
async def explode(exploded: ChaosExploded, uow: UnitOfWork) -> None:
    """Die with work half done."""
    await leave_effect("chaos.explode", exploded, uow)
    os.kill(os.getpid(), signal.SIGKILL)


async def widen(widened: ChaosWidened, uow: UnitOfWork) -> None:
    """Handle what the release before did not know."""
    await leave_effect("chaos.widen", widened, uow)
    await behave(widened, uow)


if os.environ.get("CHAOS_VERSION") == "2":
    handles(ChaosWidened, name="chaos.widen", timeout=TIMEOUT)(widen)
