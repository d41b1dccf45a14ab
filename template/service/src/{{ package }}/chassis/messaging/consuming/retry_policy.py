"""What becomes of a handler that failed: decided here, done elsewhere."""

import random
from dataclasses import dataclass

from ...errors import EventRefused

EXCUSES = 10
"""How often one event may fail for infrastructure that answers when asked."""


class Permanent(Exception):
    """Raised by a handler for an event that no retry will help: a dead letter at once."""


class Retry(Exception):
    """Raised by a handler that knows when to try again. It uses up an attempt like any failure."""

    def __init__(self, after: float) -> None:
        """`after` is in seconds; no retry waits longer than CONSUMER_VISIBILITY_TIMEOUT."""
        super().__init__(f"asked to be tried again after {after:g} s")
        self.after = after


@dataclass(frozen=True, slots=True)
class Again:
    """Try once more after `delay` seconds. Only a counted failure uses up an attempt."""

    delay: float
    counted: bool


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Make it a dead letter."""

    reason: str


def backoff(attempt: int, visibility_timeout: float) -> float:
    """Seconds to wait after failure number `attempt`, doubling up to the visibility timeout."""
    ceiling = min(visibility_timeout, visibility_timeout / 8 * 2.0 ** min(attempt - 1, 8))
    return ceiling * random.uniform(0.5, 1)


def after_failure(
    error: Exception, attempt: int, max_attempts: int, visibility_timeout: float
) -> Again | GiveUp:
    """Decide on a failure that is the event's or the handler's own."""
    if isinstance(error, (Permanent, EventRefused)):
        return GiveUp("permanent")
    if attempt >= max_attempts:
        return GiveUp("timeout" if isinstance(error, TimeoutError) else "attempts")
    if isinstance(error, Retry):
        return Again(min(max(error.after, 0), visibility_timeout), counted=True)
    return Again(backoff(attempt, visibility_timeout), counted=True)


def after_outage(visibility_timeout: float) -> Again:
    """Decide on a failure that is nobody's fault."""
    return Again(visibility_timeout / 2, counted=False)


def together(outcomes: list[Again]) -> Again:
    """One wait for all handlers of an event that have to run again: the shortest."""
    return Again(min(o.delay for o in outcomes), counted=any(o.counted for o in outcomes))
