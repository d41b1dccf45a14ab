"""What becomes of a failure, decided without a server."""

import pytest

from orders.chassis.messaging.consuming.retry_policy import (
    DeadLetter,
    Permanent,
    Retry,
    RetryLater,
    RetryPolicy,
    after_failure,
    backoff,
    soonest,
)
from orders.chassis.messaging.failure import Reason

VISIBILITY = 60.0


def test_delays_double_up_to_the_visibility_timeout() -> None:
    ceilings = [7.5, 15, 30, 60, 60, 60]

    for attempt, ceiling in enumerate(ceilings, start=1):
        delays = [backoff(attempt, VISIBILITY) for _ in range(200)]

        assert ceiling / 2 <= min(delays) <= max(delays) <= ceiling


def test_a_failure_uses_up_an_attempt() -> None:
    decision = after_failure(ValueError("no"), 1, 3, VISIBILITY)

    assert isinstance(decision, RetryLater)
    assert decision.counted


def test_the_last_attempt_is_the_last() -> None:
    assert DeadLetter(Reason.ATTEMPTS) == after_failure(ValueError("no"), 3, 3, VISIBILITY)


def test_an_event_whose_handler_is_always_too_slow_says_so() -> None:
    assert DeadLetter(Reason.TIMEOUT) == after_failure(TimeoutError(), 3, 3, VISIBILITY)


def test_what_no_retry_will_help_is_given_up_at_once() -> None:
    assert DeadLetter(Reason.PERMANENT) == after_failure(Permanent("closed"), 1, 3, VISIBILITY)


def test_an_outage_uses_up_nothing() -> None:
    assert not RetryPolicy(3, VISIBILITY).after_outage().counted


@pytest.mark.parametrize(("asked", "given"), [(3, 3), (600, VISIBILITY), (-1, 0)])
def test_a_handler_may_say_when_to_try_again_within_bounds(asked: float, given: float) -> None:
    assert RetryLater(given, counted=True) == after_failure(Retry(asked), 1, 3, VISIBILITY)


def test_a_handler_that_asks_for_ever_is_not_obeyed_for_ever() -> None:
    assert DeadLetter(Reason.ATTEMPTS) == after_failure(Retry(1), 3, 3, VISIBILITY)


@pytest.mark.parametrize("counted", [True, False])
def test_handlers_that_run_again_wait_together_for_the_shortest(counted: bool) -> None:
    decision = soonest([RetryLater(9, counted=False), RetryLater(3, counted=counted)])

    assert RetryLater(3, counted=counted) == decision
