"""What every event is."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from orders.chassis.errors import EventRefused, EventUnwritable, Misconfigured
from orders.chassis.messaging.envelope import payload_of
from orders.chassis.messaging.events import DomainEvent, event
from orders.chassis.messaging.handlers import handles
from orders.chassis.messaging.outbox import Outbox
from orders.chassis.messaging.unit_of_work import UnitOfWork

from ..pipe import Probed
from ..service import SERVICE


@event("elsewhere.Foreign.v1")
class Foreign(DomainEvent):
    """Another service's event."""


@event(f"{SERVICE}.Open.v1")
class Open(DomainEvent):
    """An event that takes any JSON."""

    anything: Any


@event(f"{SERVICE}.Amount.v1")
class Amount(DomainEvent):
    """An event with an amount."""

    amount: Decimal = Decimal(0)


def outbox() -> Outbox:
    """A publishing side that refuses more than 100 bytes."""
    return Outbox(SERVICE, 100, lambda: None)


def test_ids_and_times_are_made_for_each_event() -> None:
    first, second = Probed(aggregate_id="a"), Probed(aggregate_id="a")

    assert first.event_id < second.event_id
    assert first.occurred_at <= second.occurred_at
    assert first.event_id.version == 7


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Probed(aggregate_id="a").text = "other"  # type: ignore[misc]


def test_times_are_kept_in_utc() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=5)))

    assert (
        datetime(2026, 1, 1, 7, tzinfo=UTC)
        == Probed(aggregate_id="a", occurred_at=noon).occurred_at
    )


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        Probed(aggregate_id="a", occurred_at=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("subject", ["", "a\x00b", "a\nb", "x" * 201])
def test_an_aggregate_id_that_cannot_travel_is_refused(subject: str) -> None:
    with pytest.raises(ValidationError):
        Probed(aggregate_id=subject)


def test_amounts_travel_as_text_and_lose_nothing() -> None:
    assert '{"amount":"0.10"}' == Amount(aggregate_id="a", amount=Decimal("0.10")).data()


def test_infinity_is_no_amount() -> None:
    with pytest.raises(ValidationError):
        Amount(aggregate_id="a", amount=Decimal("Infinity"))


def test_two_classes_of_one_type_stop_the_start() -> None:
    with pytest.raises(Misconfigured, match="declared twice"):

        @event(str(Probed.event_type))
        class Again(DomainEvent):
            """A second one."""


@pytest.mark.parametrize(
    "name", ["OrderCreated", "orders.OrderCreated", "orders.orderCreated.v1", "orders.X.v0"]
)
def test_a_type_that_is_none_stops_the_start(name: str) -> None:
    with pytest.raises(Misconfigured, match=r"publisher\.EventName\.v1"):
        event(name)


def test_a_stream_name_holds_no_braces() -> None:
    with pytest.raises(Misconfigured, match="braces"):
        event("orders.Braced.v1", stream="{eu}orders")


def test_two_handlers_of_one_name_stop_the_start() -> None:
    async def react(_: Foreign, __: UnitOfWork) -> None:
        """Do nothing."""

    handles(Foreign, name="twice")(react)
    with pytest.raises(Misconfigured, match="twice"):
        handles(Foreign, name="twice")(react)


def test_an_event_that_is_too_large_is_refused() -> None:
    with pytest.raises(EventRefused, match="EVENT_MAX_BYTES"):
        outbox().row(Probed(aggregate_id="a", text="x" * 100))


def test_an_event_that_is_no_text_is_refused() -> None:
    with pytest.raises((EventRefused, ValidationError)):
        outbox().row(Probed(aggregate_id="a", text="\ud800"))


@pytest.mark.parametrize("depth", [150, 210, 1000])
def test_an_event_is_nested_as_deep_as_its_consumers_can_read(depth: int) -> None:
    """Reading stops at a lower depth than writing does."""
    nested: object = 1
    for _ in range(depth):
        nested = {"a": nested}
    row = Outbox(SERVICE, 100_000, lambda: None).row
    emitted = Open(aggregate_id="a", anything=nested)

    if depth == 150:
        assert payload_of(row(emitted).data) == {"anything": nested}
    else:
        with pytest.raises(EventUnwritable, match=r"consumers|written"):
            row(emitted)


def test_only_events_of_its_own_are_published() -> None:
    with pytest.raises(EventRefused, match="elsewhere"):
        outbox().row(Foreign(aggregate_id="a"))
