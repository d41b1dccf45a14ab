"""Handling one delivery: which handlers still have to run, and what becomes of the entry."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import bound_contextvars

from ...db import DATABASE_ERRORS, is_infrastructure, reason_of
from ...errors import BrokerUnavailable
from ...tracing.messaging import failed, processing
from .. import inbox
from ..dead_letters.store import ANY_HANDLER, bury, place_id
from ..envelope import Envelope, Undecodable, parse
from ..failure import Failure, describe, whereabouts, without_error
from ..handlers import Handler
from ..metrics import DEAD, HANDLED, RETRIES
from ..redis import Delivery
from ..unit_of_work import PATIENCE, UnitsOfWork
from .attempt import attempt
from .circuit_breaker import Breaker
from .group import Group
from .handled_types import NewerCode
from .retry_policy import EXCUSES, Again, GiveUp, Permanent, after_failure, after_outage, together

UNHANDLED_LIMIT = 3600.0
"""Seconds that an event waits for the code that handles it."""
ANSWER = 2.0
"""Seconds that Postgres may take to answer when asked whether it does."""
_REMEMBERED = 10_000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Event:
    """A delivery that could be read."""

    envelope: Envelope
    delivery: Delivery

    @property
    def stream_id(self) -> str:
        """Its place in the stream."""
        return self.delivery.stream_id

    @property
    def event_id(self) -> UUID:
        """Its own id."""
        return self.envelope.event_id


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
        self._newer_code = NewerCode(units)
        self.breaker = Breaker()
        self.database_answers = True

    def batch_size(self, delivery: Delivery) -> int:
        """How many entries like this one may be settled together. Only first deliveries are: what
        failed once, or was taken over, is handled by itself."""
        if delivery.attempt > 1:
            return 1
        handlers = self._handlers.get(delivery.fields.get(b"ce_type", b"").decode(errors="replace"))
        return max((handler.batch or 1 for handler in handlers or ()), default=1)

    async def settle(self, deliveries: Sequence[Delivery]) -> list[Again | None]:
        """Have every handler decide on entries of one type; for each, in their order, when to try
        again, or None when it can be acknowledged."""
        events: list[Event] = []
        outcomes: dict[str, Again | None] = {}
        for delivery in deliveries:
            try:
                events.append(Event(parse(delivery.fields), delivery))
            except Undecodable as error:
                event_id = place_id(self._group.stream, delivery.stream_id)
                failure = describe(error, "undecodable")
                outcomes[delivery.stream_id] = await self._give_up(
                    ANY_HANDLER, event_id, delivery, failure
                )
        if events:
            with bound_contextvars(**_about(events)), self._span(events):
                outcomes |= await self._handle(events)
        return [outcomes[delivery.stream_id] for delivery in deliveries]

    async def _handle(self, events: Sequence[Event]) -> dict[str, Again | None]:
        handlers = self._handlers.get(events[0].envelope.type, ())
        if not handlers:
            return {event.stream_id: await self._unhandled(event) for event in events}
        unfinished: dict[str, list[Again]] = {event.stream_id: [] for event in events}
        for handler in handlers:
            for event, outcome in zip(events, await self._run(handler, events), strict=True):
                if outcome is not None:
                    unfinished[event.stream_id].append(outcome)
        for event in events:
            if not unfinished[event.stream_id]:
                self._excuses.pop(event.event_id, None)
        return {
            stream_id: together(outcomes) if outcomes else None
            for stream_id, outcomes in unfinished.items()
        }

    async def _run(self, handler: Handler, events: Sequence[Event]) -> list[Again | None]:
        """Run a handler on events: in batches, if it takes them, and after a failure one by one."""
        if len(events) == 1 or not handler.batch:
            return [await self._run_alone(handler, event) for event in events]
        outcomes: list[Again | None] = []
        for start in range(0, len(events), handler.batch):
            batch = events[start : start + handler.batch]
            outcome = await self._attempt(handler, batch)
            if not isinstance(outcome, Exception):
                outcomes += [None] * len(batch)
            elif await self._silent(outcome):
                outcomes += [after_outage(self._visibility_timeout)] * len(batch)
            else:
                outcomes += [await self._run_alone(handler, event) for event in batch]
        return outcomes

    async def _run_alone(self, handler: Handler, event: Event) -> Again | None:
        limit = handler.max_attempts or self._max_attempts
        attempts = event.delivery.attempt
        if attempts > limit:
            explanation = f"its consumer died or vanished {attempts - 1} times"
            failure = without_error("crashed", explanation)
            return await self._give_up(handler.name, event.event_id, event.delivery, failure)
        outcome = await self._attempt(handler, [event])
        if isinstance(outcome, Exception):
            return await self._failed(outcome, handler, event)
        return None

    async def _attempt(self, handler: Handler, events: Sequence[Event]) -> int | Exception:
        ids = [event.event_id for event in events]

        async def undecided(session: AsyncSession) -> set[UUID]:
            return await inbox.decide_all(session, handler.name, ids, "done")

        envelopes = [event.envelope for event in events]
        outcome = await attempt(self._units, handler, envelopes, undecided)
        if isinstance(outcome, Exception):
            if len(events) > 1:
                error, at = type(outcome).__name__, whereabouts(outcome)
                log.warning("batch.failed", handler=handler.name, error=error, at=at)
        elif outcome:
            self.breaker.succeeded(handler.name)
            attempts = events[0].delivery.attempt
            log.debug("event.handled", handler=handler.name, attempt=attempts, count=outcome)
        return outcome

    def _span(self, events: Sequence[Event]) -> AbstractContextManager[None]:
        group = self._group
        attributes = [event.envelope.attributes for event in events]
        return processing(group.stream, attributes, group.group, group.consumer)

    async def _failed(self, error: Exception, handler: Handler, event: Event) -> Again | None:
        limit = handler.max_attempts or self._max_attempts
        attempt_number, event_id = event.delivery.attempt, event.event_id
        decision = after_failure(error, attempt_number, limit, self._visibility_timeout)
        if await self._excused(error, event_id) or (
            not isinstance(error, Permanent) and self.breaker.failed(handler.name, event_id)
        ):
            decision = after_outage(self._visibility_timeout)
        if isinstance(decision, GiveUp):
            failure = describe(error, decision.reason)
            return await self._give_up(handler.name, event.event_id, event.delivery, failure)
        failed(type(error).__name__)
        RETRIES.labels(handler.name, "yes" if decision.counted else "no").inc()
        log.warning(
            "event.failed",
            handler=handler.name,
            attempt=attempt_number,
            counted=decision.counted,
            retry_in=round(decision.delay, 3),
            error=type(error).__name__,
            at=whereabouts(error),
        )
        return decision

    async def _excused(self, error: Exception, event_id: UUID) -> bool:
        """Whether an outage is to blame: always while Postgres is silent; otherwise the event
        itself may cause it (a deadlock, a killed session), so only EXCUSES times."""
        if await self._silent(error):
            return True
        if not is_infrastructure(error):
            return False
        if len(self._excuses) > _REMEMBERED:
            self._excuses.clear()
        self._excuses[event_id] += 1
        return self._excuses[event_id] <= EXCUSES

    async def _silent(self, error: Exception) -> bool:
        """Whether an error may be due to Postgres, which does not answer now either."""
        if not is_infrastructure(error) and not isinstance(error, TimeoutError):
            return False
        return not await self.ask_database()

    async def ask_database(self) -> bool:
        """Whether Postgres answers now, remembered in `database_answers`."""
        try:
            async with self._units.open(patience=ANSWER) as uow:
                await uow.session.execute(text("SELECT 1"))
        except DATABASE_ERRORS:
            self.database_answers = False
        else:
            self.database_answers = True
        return self.database_answers

    async def _give_up(
        self, handler: str, event_id: UUID, delivery: Delivery, failure: Failure
    ) -> Again | None:
        try:
            async with self._units.open(patience=PATIENCE) as uow:
                place = {
                    "stream": self._group.stream,
                    "group": self._group.group,
                    "handler": handler,
                }
                buried = await bury(uow, event_id, delivery, failure, **place)
        except DATABASE_ERRORS as error:
            await self.ask_database()
            log.warning("dead_letter.not_written", handler=handler, reason=reason_of(error))
            return after_outage(self._visibility_timeout)
        if buried:
            failed(failure.reason)
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

    async def _unhandled(self, event: Event) -> Again | None:
        """Skip an event nobody here handles; keep one that newer code will, for a while."""
        try:
            if not await self._newer_code.handles(event.envelope.type):
                HANDLED.labels("none", "skipped").inc()
                return None
            if await self._group.age(event.stream_id) < UNHANDLED_LIMIT:
                return after_outage(self._visibility_timeout)
        except (BrokerUnavailable, *DATABASE_ERRORS):
            await self.ask_database()
            return after_outage(self._visibility_timeout)
        explanation = "the migrated code handles this type, but no consumer that runs does"
        failure = without_error("no_handler", explanation)
        return await self._give_up(ANY_HANDLER, event.event_id, event.delivery, failure)


def _about(events: Sequence[Event]) -> dict[str, str]:
    """What lines that are logged meanwhile tell of an event, or of the type of several."""
    about = {"event_type": events[0].envelope.type}
    if len(events) == 1:
        about["event_id"] = str(events[0].event_id)
    return about
