"""The event that all contestants carry: about 200 bytes of payload, an order of one customer."""

import json
from collections.abc import Iterator, Mapping
from itertools import count
from struct import pack
from uuid import uuid4

STREAM = "orders"
TYPE = "orders.OrderCreated.v1"
NOTE = "x" * 120
"""A field that the contract does not know, so that the payload has its size."""
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_PAYLOAD = f"""
    format('{{"customer_id":"customer-%s","total_amount":"19.99","note":"{NOTE}"}}', number)
"""


def outbox_rows(count: int) -> str:
    """Return the statement that writes so many of them into the service's outbox."""
    return f"""
        INSERT INTO outbox (event_id, stream, attributes, data)
        SELECT made.id, '{STREAM}', jsonb_build_object(
                   'ce_specversion', '1.0', 'ce_id', made.id, 'ce_source', 'orders',
                   'ce_type', '{TYPE}', 'ce_subject', made.id, 'ce_time', '2026-01-01T00:00:00Z',
                   'content-type', 'application/json', 'ce_traceparent', '{TRACE}'),
               {_PAYLOAD}
        FROM (SELECT uuidv7() AS id, number FROM generate_series(1, {count}) AS number) AS made
    """  # noqa: S608 - constants of this module


def peers_outbox_rows(count: int) -> str:
    """Return the same for the table of faststream-outbox."""
    return f"""
        INSERT INTO outbox (queue, payload, headers)
        SELECT 'orders', convert_to({_PAYLOAD}, 'UTF8'), '{{"content-type": "application/json"}}'
        FROM generate_series(1, {count}) AS number
    """  # noqa: S608 - constants of this module


def numbered() -> Iterator[dict[str, str]]:
    """Events as their payload, with their id; each of another customer."""
    for number in count(1):
        yield {
            "event_id": str(uuid4()),
            "customer_id": f"customer-{number}",
            "total_amount": "19.99",
            "note": NOTE,
        }


def faststream_entries() -> Iterator[Mapping[str, bytes]]:
    """Entries in FastStream's binary format: with any other it first tries several."""
    for order in numbered():
        headers = {"correlation_id": order["event_id"], "content-type": "application/json"}
        named = b"".join(pack(">H", len(x)) + x.encode() for pair in headers.items() for x in pair)
        starts = 18, 20 + len(named)
        head = b"\x89BIN\r\n\x1a\n" + pack(">HIIH", 1, *starts, len(headers))
        yield {"__data__": head + named + json.dumps(order, separators=(",", ":")).encode()}


def entries() -> Iterator[Mapping[str, str]]:
    """Entries of a stream in the service's wire format."""
    for order in numbered():
        event_id = order.pop("event_id")
        yield {
            "ce_specversion": "1.0",
            "ce_id": event_id,
            "ce_source": "orders",
            "ce_type": TYPE,
            "ce_subject": event_id,
            "ce_time": "2026-01-01T00:00:00Z",
            "content-type": "application/json",
            "ce_traceparent": TRACE,
            "data": json.dumps(order, separators=(",", ":")),
        }
