"""The wire format: what is written can be read, and nothing else is taken for an event."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.chassis.messaging.envelope import Undecodable, parse
from orders.chassis.messaging.outbox import Outbox

from ..pipe import Probed

GOOD = {
    b"ce_specversion": b"1.0",
    b"ce_id": b"01930000-0000-7000-8000-000000000000",
    b"ce_source": b"orders",
    b"ce_type": b"orders.OrderCreated.v1",
    b"ce_subject": b"1",
    b"ce_time": b"2026-01-02T03:04:05Z",
    b"content-type": b"application/json",
    b"data": b'{"text": "hello"}',
}


def written(event: Probed) -> dict[bytes, bytes]:
    """The fields that the relay would add to the stream."""
    row = Outbox(event.event_type.publisher, 100_000, lambda: None).row(event)
    fields = {**row.attributes, "data": row.data}
    return {name.encode(): value.encode() for name, value in fields.items()}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_written_reads_the_same(said: str) -> None:
    event = Probed(aggregate_id="a", text=said)

    envelope = parse(written(event))

    assert event == Probed.of(envelope.identity, envelope.payload)
    assert str(event.event_type) == envelope.type


def test_the_attributes_are_cloudevents_1_0() -> None:
    fields = written(Probed(aggregate_id="a"))

    assert {
        b"ce_specversion": b"1.0",
        b"ce_source": Probed.event_type.publisher.encode(),
        b"ce_subject": b"a",
        b"content-type": b"application/json",
    }.items() <= fields.items()
    assert fields[b"ce_time"].endswith(b"Z")


@pytest.mark.parametrize("missing", sorted(set(GOOD) - {b"content-type"}))
def test_an_entry_without_a_field_is_undecodable(missing: bytes) -> None:
    with pytest.raises(Undecodable, match=missing.decode()):
        parse({name: value for name, value in GOOD.items() if name != missing})


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        (b"ce_specversion", b"2.0", "ce_specversion"),
        (b"ce_id", b"17", "ce_id"),
        (b"ce_time", b"2026-01-02T03:04:05", "ce_time"),
        (b"ce_subject", b"\xff", "UTF-8"),
        (b"content-type", b"application/xml", "content-type"),
        (b"data", b"{", "not JSON"),
        (b"data", b"[1]", "not a JSON object"),
        (b"data", b'{"a": NaN}', "not JSON"),
        (b"data", b"[" * 100_000, "not JSON"),
    ],
)
def test_an_entry_with_a_bad_field_is_undecodable(field: bytes, value: bytes, reason: str) -> None:
    with pytest.raises(Undecodable, match=reason):
        parse({**GOOD, field: value})


@given(st.dictionaries(st.binary(max_size=20), st.binary(max_size=50), max_size=8))
def test_garbage_raises_nothing_but_undecodable(fields: dict[bytes, bytes]) -> None:
    with pytest.raises(Undecodable):
        parse(fields)


def test_fields_a_newer_publisher_added_are_ignored() -> None:
    envelope = parse({**GOOD, b"data": b'{"text": "hello", "added": 1}'})

    assert Probed.of(envelope.identity, envelope.payload).text == "hello"
