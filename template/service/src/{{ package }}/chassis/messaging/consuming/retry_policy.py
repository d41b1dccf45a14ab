"""What becomes of an event whose handler failed: decided here, done elsewhere."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from ...db import is_infrastructure
from ...errors import EventRefused
from ..failure import Failure, Reason, describe, without_error
from ..handlers import Handler
from .circuit_breaker import Breaker

INFRASTRUCTURE_RETRIES = 10
"""How often one event may fail uncounted for infrastructure that answers when asked."""
_REMEMBERED = 10_000


class Permanent(Exception):
    """Raised by a handler for an event that no retry will help: a dead letter at once."""


class Retry(Exception):
    """Raised by a handler that knows when to try again. It uses up an attempt like any failure."""

    def __init__(self, after: float) -> None:
        """`after` is in seconds; no retry waits longer than CONSUMER_VISIBILITY_TIMEOUT."""
        super().__init__(f"asked to be tried again after {after:g} s")
        self.after = after


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Deliver it again after `delay` seconds. Only a counted failure uses up an attempt."""

    delay: float
    counted: bool


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Try it no more. The cause is what was raised, or an explanation."""

    reason: Reason
    cause: Exception | str = field(default="", compare=False)

    def failure(self) -> Failure:
        """What is kept of it."""
        if isinstance(self.cause, Exception):
            return describe(self.cause, self.reason)
        return without_error(self.reason, self.cause)


@dataclass(slots=True, eq=False)
class RetryPolicy:
    """Decides for the handlers of one stream in one process. Attempts are numbered from 1."""

    max_attempts: int
    visibility_timeout: float
    breaker: Breaker = field(default_factory=Breaker)
    _uncounted: Counter[UUID] = field(default_factory=Counter)

    def before_attempt(self, handler: Handler, attempt: int) -> DeadLetter | None:
        """Whether an entry was delivered too often: it may have killed its consumers."""
        if attempt <= self._limit(handler):
            return None
        return DeadLetter(Reason.CRASHED, f"its consumer died or vanished {attempt - 1} times")

    def after_failure(
        self, error: Exception, handler: Handler, event_id: UUID, attempt: int, *, outage: bool
    ) -> RetryLater | DeadLetter:
        """Whether to try again. In an outage of Postgres nothing counts."""
        if outage or self._blames_infrastructure(error, event_id):
            return self.after_outage()
        was_open = not isinstance(error, Permanent) and self.breaker.failed(handler.name, event_id)
        if was_open:
            return self.after_outage()
        return after_failure(error, attempt, self._limit(handler), self.visibility_timeout)

    def after_outage(self) -> RetryLater:
        """When to try again after a failure that is nobody's fault."""
        return RetryLater(self.visibility_timeout / 2, counted=False)

    def forget(self, event_id: UUID) -> None:
        """Note that every handler has decided on an event."""
        self._uncounted.pop(event_id, None)

    def _limit(self, handler: Handler) -> int:
        return handler.max_attempts or self.max_attempts

    def _blames_infrastructure(self, error: Exception, event_id: UUID) -> bool:
        """A deadlock or a killed session may be the event's own doing, so only so many times."""
        if not is_infrastructure(error):
            return False
        if len(self._uncounted) > _REMEMBERED:
            self._uncounted.clear()
        self._uncounted[event_id] += 1
        return self._uncounted[event_id] <= INFRASTRUCTURE_RETRIES


def after_failure(
    error: Exception, attempt: int, max_attempts: int, visibility_timeout: float
) -> RetryLater | DeadLetter:
    """Decide on a failure that is the event's or the handler's own."""
    if isinstance(error, (Permanent, EventRefused)):
        return DeadLetter(Reason.PERMANENT, error)
    if attempt >= max_attempts:
        timeout = isinstance(error, TimeoutError)
        return DeadLetter(Reason.TIMEOUT if timeout else Reason.ATTEMPTS, error)
    if isinstance(error, Retry):
        return RetryLater(min(max(error.after, 0), visibility_timeout), counted=True)
    return RetryLater(backoff(attempt, visibility_timeout), counted=True)


def backoff(attempt: int, visibility_timeout: float) -> float:
    """Seconds to wait after failure number `attempt`, doubling up to the visibility timeout."""
    ceiling = min(visibility_timeout, visibility_timeout / 8 * 2.0 ** min(attempt - 1, 8))
    return ceiling * random.uniform(0.5, 1)


def soonest(retries: Sequence[RetryLater]) -> RetryLater:
    """One wait for all handlers of an event that have to run again: the shortest."""
    return RetryLater(min(r.delay for r in retries), counted=any(r.counted for r in retries))
