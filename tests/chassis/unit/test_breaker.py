"""When one event after another fails, the cause is not the events."""

from uuid import UUID

import pytest

from orders.chassis.messaging.consuming import circuit_breaker as breaker_module
from orders.chassis.messaging.consuming.circuit_breaker import THRESHOLD, Breaker


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in seconds, as its only element."""
    time = [1000.0]
    monkeypatch.setattr(breaker_module, "monotonic", lambda: time[0])
    return time


def failing(count: int) -> Breaker:
    """A breaker that saw so many different events fail."""
    breaker = Breaker()
    for number in range(count):
        breaker.failed("handler", UUID(int=number))
    return breaker


@pytest.mark.usefixtures("now")
def test_it_opens_when_enough_different_events_fail() -> None:
    assert failing(THRESHOLD - 1).allows(5, 0) == 5
    assert failing(THRESHOLD).allows(5, 0) == 0


@pytest.mark.usefixtures("now")
def test_one_event_that_fails_again_and_again_does_not_open_it() -> None:
    breaker = Breaker()
    for _ in range(100):
        breaker.failed("handler", UUID(int=1))

    assert breaker.allows(5, 0) == 5


@pytest.mark.usefixtures("now")
def test_a_success_in_between_starts_the_count_anew() -> None:
    breaker = failing(THRESHOLD - 1)
    breaker.succeeded("handler")
    breaker.failed("handler", UUID(int=99))

    assert breaker.allows(5, 0) == 5


@pytest.mark.usefixtures("now")
def test_another_handlers_success_does_not_close_it() -> None:
    breaker = failing(THRESHOLD)
    breaker.succeeded("other")

    assert breaker.open_for == ["handler"]


def test_after_a_wait_one_event_is_let_through_at_a_time(now: list[float]) -> None:
    breaker = failing(THRESHOLD)
    now[0] += 60

    assert (1, 0) == (breaker.allows(5, 0), breaker.allows(5, 1))


def test_a_failed_probe_makes_the_next_wait_longer(now: list[float]) -> None:
    breaker = failing(THRESHOLD)
    waits = []
    for _ in range(10):
        waits.append(breaker._probe_at - now[0])
        now[0] = breaker._probe_at
        breaker.failed("handler", UUID(int=0))

    assert waits[0] <= 1
    assert 30 <= waits[-1] <= 60


@pytest.mark.usefixtures("now")
def test_what_fails_while_it_is_open_costs_no_attempt() -> None:
    breaker = failing(THRESHOLD - 1)

    assert not breaker.failed("handler", UUID(int=98))
    assert breaker.failed("handler", UUID(int=99))
