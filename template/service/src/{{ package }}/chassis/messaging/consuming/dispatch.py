"""Dispatch: runs the handlers of entries, and carries out what is decided about failures."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.contextvars import bound_contextvars

from ...db import DATABASE_ERRORS, reason_of
from ...errors import BrokerUnavailable
from ...tracing.messaging import failed, processing
from .. import inbox
from ..dead_letters.store import ANY_HANDLER, place_id, store_dead_letter
from ..envelope import Envelope, Undecodable, parse
from ..failure import Failure, Reason, whereabouts
from ..handlers import Handler
from ..observing.metrics import HANDLED, RETRIES
from ..redis import Delivery
from ..tables import handled_types
from ..unit_of_work import PATIENCE, UnitsOfWork
from .attempt import attempt
from .database_probe import DatabaseProbe
from .group import Group
from .retry_policy import DeadLetter, RetryLater, RetryPolicy, soonest

UNHANDLED_LIMIT = 3600.0
"""Seconds that an event waits for the code that handles it."""

log = structlog.get_logger()
Decision = RetryLater | DeadLetter | None


@dataclass(slots=True, eq=False)
class Entry:
    """A delivery being handled, and what those of its handlers ask for that have to run again."""

    delivery: Delivery
    event_id: UUID
    retries: list[RetryLater] = field(default_factory=list)


Events = Sequence[tuple[Entry, Envelope]]
"""Entries that could be read."""


@dataclass(eq=False)
class Dispatcher:
    """Runs a service's handlers on the entries of one stream, each handler once for each event."""

    units: UnitsOfWork
    group: Group
    handlers: Mapping[str, Sequence[Handler]]
    policy: RetryPolicy

    def __post_init__(self) -> None:
        self.database = DatabaseProbe(self.units)

    def batch_of(self, delivery: Delivery) -> str | bytes:
        """Entries of which this says the same are handled together. Only first deliveries are:
        what failed once, or was taken over, is handled by itself."""
        event_type = delivery.fields.get(b"ce_type", b"")
        handlers = self.handlers.get(event_type.decode(errors="replace"), ())
        takes_batches = any((handler.batch or 1) > 1 for handler in handlers)
        return event_type if takes_batches and delivery.attempt == 1 else delivery.stream_id

    async def handle(self, deliveries: Sequence[Delivery]) -> dict[str, RetryLater]:
        """Have every handler decide on entries of one type. By stream id, when each that is not
        decided has to come again; all others can be acknowledged."""
        entries = [await self._read(delivery) for delivery in deliveries]
        if events := [(entry, envelope) for entry, envelope in entries if envelope]:
            with self._context(events):
                handlers = self.handlers.get(events[0][1].type, ())
                for handler in handlers:
                    size = handler.batch or 1
                    for first in range(0, len(events), size):
                        await self._run(handler, events[first : first + size])
                for entry, envelope in () if handlers else events:
                    decision = await self.unhandled(entry.delivery, envelope.type)
                    await self._carry_out(decision, ANY_HANDLER, entry)
        for entry, _ in entries:
            if not entry.retries:
                self.policy.forget(entry.event_id)
        return {e.delivery.stream_id: soonest(e.retries) for e, _ in entries if e.retries}

    async def _read(self, delivery: Delivery) -> tuple[Entry, Envelope | None]:
        try:
            envelope = parse(delivery.fields)
        except Undecodable as error:
            entry = Entry(delivery, place_id(self.group.stream, delivery.stream_id))
            await self._carry_out(DeadLetter(Reason.UNDECODABLE, error), ANY_HANDLER, entry)
            return entry, None
        return Entry(delivery, envelope.event_id), envelope

    async def _run(self, handler: Handler, events: Events) -> None:
        """Run a handler on events in one transaction; if several fail, on each by itself."""
        number = events[0][0].delivery.attempt
        if crashed := self.policy.before_attempt(handler, number):
            await self._carry_out(crashed, handler.name, events[0][0])
            return
        outcome = await attempt(self.units, handler, [read for _, read in events], self.take)
        if not isinstance(outcome, Exception):
            self.succeeded(handler, outcome, number)
            return
        outage = await self.database.silent_after(outcome)
        if len(events) > 1 and not outage:
            error, at = type(outcome).__name__, whereabouts(outcome)
            log.warning("batch.failed", handler=handler.name, error=error, at=at)
            for event in events:
                await self._run(handler, [event])
            return
        for entry, _ in events:
            decision = self.policy.after_failure(
                outcome, handler, entry.event_id, number, outage=outage
            )
            if isinstance(decision, RetryLater):
                _log_retry(handler, outcome, number, decision)
            await self._carry_out(decision, handler.name, entry)

    async def _carry_out(self, decision: Decision, handler: str, entry: Entry) -> None:
        """Store the dead letter, or note the retry: also of a dead letter that is not stored."""
        if isinstance(decision, DeadLetter):
            try:
                await self.give_up(decision.failure(), handler, entry)
                decision = None
            except DATABASE_ERRORS as error:
                await self.database.ask()
                log.warning("dead_letter.not_written", handler=handler, reason=reason_of(error))
                decision = self.policy.after_outage()
        if decision:
            entry.retries.append(decision)

    async def unhandled(self, delivery: Delivery, event_type: str) -> Decision:
        """Skip an event nobody here handles; keep one that the newest code will, for a while."""
        try:
            if not await self._newest_code_handles(event_type):
                HANDLED.labels("none", "skipped").inc()
                return None
            if await self.group.age(delivery.stream_id) < UNHANDLED_LIMIT:
                return self.policy.after_outage()
        except (BrokerUnavailable, *DATABASE_ERRORS):
            await self.database.ask()
            return self.policy.after_outage()
        explanation = "the migrated code handles this type, but no consumer that runs does"
        return DeadLetter(Reason.NO_HANDLER, explanation)

    async def _newest_code_handles(self, event_type: str) -> bool:
        """As `migrate` noted before the rollout: what is skipped on this word never comes back."""
        async with self.units.open(patience=PATIENCE) as uow:
            # All of them: Postgres could not even be asked for a type that is no text.
            return event_type in await uow.session.scalars(select(handled_types.c.event_type))

    def succeeded(self, handler: Handler, count: int, number: int) -> None:
        """Note that a handler committed, and on how many events it ran."""
        if count:
            self.policy.breaker.succeeded(handler.name)
            log.debug("event.handled", handler=handler.name, attempt=number, count=count)

    async def take(
        self, session: AsyncSession, handler: str, event_ids: Collection[UUID]
    ) -> set[UUID]:
        """Decide that a handler is done with events; those that it had not decided on before."""
        return await inbox.decide_all(session, handler, event_ids, "done")

    async def give_up(self, failure: Failure, handler: str, entry: Entry) -> None:
        """Decide that a handler will not handle an event, unless it has decided before."""
        place = {"stream": self.group.stream, "group": self.group.group, "handler": handler}
        await store_dead_letter(self.units, entry.event_id, entry.delivery, failure, **place)

    @contextmanager
    def _context(self, events: Events) -> Iterator[None]:
        """Log lines meanwhile name the event, or the type of several; so does the trace."""
        about = {"event_type": events[0][1].type}
        if len(events) == 1:
            about["event_id"] = str(events[0][0].event_id)
        attributes, group = [envelope.attributes for _, envelope in events], self.group
        span = processing(group.stream, attributes, group.group, group.consumer)
        with bound_contextvars(**about), span:
            yield


def _log_retry(handler: Handler, error: Exception, number: int, retry: RetryLater) -> None:
    failed(type(error).__name__)
    RETRIES.labels(handler.name, "yes" if retry.counted else "no").inc()
    log.warning(
        "event.failed",
        handler=handler.name,
        attempt=number,
        counted=retry.counted,
        retry_in=round(retry.delay, 3),
        error=type(error).__name__,
        at=whereabouts(error),
    )
