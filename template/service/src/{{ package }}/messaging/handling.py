"""Handling one delivery: which handlers still have to run, and what becomes of the entry."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import perf_counter
from uuid import UUID

import structlog
from opentelemetry.trace import SpanKind
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from ..db import DATABASE_ERRORS, is_infrastructure
from ..handlers.registry import Handler
from ..uow import UnitsOfWork
from . import inbox
from .breaker import Breaker
from .dead_letters import ANY_HANDLER, bury
from .envelope import Envelope, Undecodable, parse
from .failure import Failure, describe, whereabouts, without_error
from .retry import EXCUSES, Again, GiveUp, Permanent, after_failure, after_outage, together
from .stream import Delivery, Group
from .tables import handled_types
from .telemetry import DEAD, HANDLED, HANDLER_SECONDS, span

Take = Callable[[AsyncSession], Awaitable[bool]]
"""Decides, in the handler's transaction, whether the handler may run."""
REFRESH = 5.0
"""Seconds that the types handled by newer code are remembered."""
UNHANDLED_LIMIT = 3600.0
"""Seconds that an event waits for the code that handles it."""
_REMEMBERED = 10_000

log = structlog.get_logger()


async def attempt(
    units: UnitsOfWork, handler: Handler, envelope: Envelope, take: Take
) -> bool | Exception:
    """Run a handler in a transaction of its own, if `take` lets it: whether it did, or what it
    raised. The one place where any exception is caught."""
    started = perf_counter()
    try:
        async with asyncio.timeout(handler.timeout), units.open(envelope) as uow:
            taken = await take(uow.session)
            if taken:
                event = handler.event.of(envelope.identity, envelope.payload)
                await handler.function(event, uow)
    except Exception as error:  # noqa: BLE001 (the boundary of the service's own code)
        HANDLED.labels(handler.name, "failed").inc()
        return error
    HANDLED.labels(handler.name, "done" if taken else "duplicate").inc()
    if taken:
        HANDLER_SECONDS.labels(handler.name).observe(perf_counter() - started)
    return taken


class Handling:
    """Runs a service's handlers on the entries of one stream, each handler once for each event."""

    def __init__(
        self,
        units: UnitsOfWork,
        group: Group,
        handlers: Mapping[str, Sequence[Handler]],
        *,
        max_attempts: int,
        visibility_timeout: float,
    ) -> None:
        self._units = units
        self._group = group
        self._handlers = handlers
        self._max_attempts = max_attempts
        self._visibility_timeout = visibility_timeout
        self._excuses: Counter[UUID] = Counter()
        self._handled_elsewhere: frozenset[str] = frozenset()
        self._refreshed = float("-inf")
        self.breaker = Breaker()
        self.database_answers = True

    async def settle(self, delivery: Delivery) -> Again | None:
        """Have every handler decide; None when the entry can be acknowledged."""
        try:
            envelope = parse(delivery.fields)
        except Undecodable as error:
            return await self._give_up(ANY_HANDLER, delivery, describe(error, "undecodable"))
        handlers = self._handlers.get(envelope.type, ())
        about = {"event_id": str(envelope.event_id), "event_type": envelope.type}
        with span(f"process {self._group.stream}", SpanKind.CONSUMER, envelope.trace, **about):
            if not handlers:
                return await self._unhandled(envelope, delivery)
            outcomes = [await self._run(handler, envelope, delivery) for handler in handlers]
        unfinished = [outcome for outcome in outcomes if outcome is not None]
        if not unfinished:
            self._excuses.pop(envelope.event_id, None)
            return None
        return together(unfinished)

    async def _run(self, handler: Handler, envelope: Envelope, delivery: Delivery) -> Again | None:
        limit = handler.max_attempts or self._max_attempts
        if delivery.attempt > limit:
            explanation = f"its consumer died or vanished {delivery.attempt - 1} times"
            return await self._give_up(
                handler.name, delivery, without_error("crashed", explanation)
            )

        async def undecided(session: AsyncSession) -> bool:
            return await inbox.decide(session, handler.name, envelope.event_id, "done")

        outcome = await attempt(self._units, handler, envelope, undecided)
        if isinstance(outcome, Exception):
            return await self._failed(outcome, handler, envelope, delivery)
        if outcome:
            self.breaker.succeeded(handler.name)
            log.info("event.handled", handler=handler.name, attempt=delivery.attempt)
        return None

    async def _failed(
        self, error: Exception, handler: Handler, envelope: Envelope, delivery: Delivery
    ) -> Again | None:
        limit = handler.max_attempts or self._max_attempts
        decision = after_failure(error, delivery.attempt, limit, self._visibility_timeout)
        if await self._excused(error, envelope.event_id) or (
            not isinstance(error, Permanent)
            and self.breaker.failed(handler.name, envelope.event_id)
        ):
            decision = after_outage(self._visibility_timeout)
        if isinstance(decision, GiveUp):
            return await self._give_up(handler.name, delivery, describe(error, decision.reason))
        log.warning(
            "event.failed",
            handler=handler.name,
            attempt=delivery.attempt,
            counted=decision.counted,
            retry_in=round(decision.delay, 3),
            error=type(error).__name__,
            at=whereabouts(error),
        )
        return decision

    async def _excused(self, error: Exception, event_id: UUID) -> bool:
        """Whether an outage is to blame: always while Postgres is silent; otherwise the event
        itself may cause it (a deadlock, a killed session), so only EXCUSES times."""
        infrastructure = is_infrastructure(error)
        if not infrastructure and not isinstance(error, TimeoutError):
            return False
        if not await self.ask_database():
            return True
        if not infrastructure:
            return False
        if len(self._excuses) > _REMEMBERED:
            self._excuses.clear()
        self._excuses[event_id] += 1
        return self._excuses[event_id] <= EXCUSES

    async def ask_database(self) -> bool:
        """Whether Postgres answers now, remembered in `database_answers`."""
        try:
            async with asyncio.timeout(2), self._units.open() as uow:
                await uow.session.execute(text("SELECT 1"))
        except (*DATABASE_ERRORS, TimeoutError):
            self.database_answers = False
        else:
            self.database_answers = True
        return self.database_answers

    async def _give_up(self, handler: str, delivery: Delivery, failure: Failure) -> Again | None:
        try:
            async with self._units.open() as uow:
                place = {
                    "stream": self._group.stream,
                    "group": self._group.group,
                    "handler": handler,
                }
                buried = await bury(uow, delivery, failure, **place)
        except DATABASE_ERRORS as error:
            await self.ask_database()
            log.warning("dead_letter.not_written", handler=handler, error=type(error).__name__)
            return after_outage(self._visibility_timeout)
        if buried:
            DEAD.labels(handler, failure.reason).inc()
            log.error(
                "event.dead",
                handler=handler,
                stream_id=delivery.stream_id,
                reason=failure.reason,
                attempts=delivery.attempt,
                fingerprint=failure.fingerprint,
            )
        return None

    async def _unhandled(self, envelope: Envelope, delivery: Delivery) -> Again | None:
        """Skip an event nobody here handles; keep one that newer code will, for a while."""
        try:
            handled = envelope.type in await self._types_of_newer_code()
        except DATABASE_ERRORS:
            await self.ask_database()
            return after_outage(self._visibility_timeout)
        if not handled:
            HANDLED.labels("none", "skipped").inc()
            return None
        if await self._group.age(delivery.stream_id) < UNHANDLED_LIMIT:
            return after_outage(self._visibility_timeout)
        explanation = "the migrated code handles this type, but no consumer that runs does"
        return await self._give_up(ANY_HANDLER, delivery, without_error("no_handler", explanation))

    async def _types_of_newer_code(self) -> frozenset[str]:
        now = asyncio.get_running_loop().time()
        if now - self._refreshed > REFRESH:
            async with self._units.open() as uow:
                types = await uow.session.scalars(select(handled_types.c.event_type))
                self._handled_elsewhere = frozenset(types)
            self._refreshed = now
        return self._handled_elsewhere
