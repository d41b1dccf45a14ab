"""The wire format: CloudEvents 1.0 in binary mode, one stream entry each.

Attributes travel as fields `ce_*` beside `content-type`, the payload as `data`. CloudEvents has
no binding for Redis, so this is its Kafka binding's binary mode applied to stream fields.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, TypeAdapter, ValidationError
from pydantic_core import from_json

SPEC_VERSION = "1.0"
JSON = "application/json"
_ID = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_TIME = TypeAdapter(AwareDatetime)


class Undecodable(ValueError):
    """A stream entry is not an event in our wire format; the message says why."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event as it travelled: its attributes and its payload."""

    attributes: Mapping[str, str]
    payload: Mapping[str, object]
    event_id: UUID
    occurred_at: datetime

    @property
    def type(self) -> str:
        """The event's type, such as `orders.OrderCreated.v1`."""
        return self.attributes["ce_type"]

    @property
    def identity(self) -> dict[str, object]:
        """The attributes that are fields of the event in Python."""
        return {
            "event_id": self.event_id,
            "aggregate_id": self.attributes["ce_subject"],
            "occurred_at": self.occurred_at,
        }

    @property
    def correlation_id(self) -> str:
        """The id of the event that the whole chain of events began with."""
        given = self.attributes.get("ce_correlationid", "")
        return given if _ID.fullmatch(given) else str(self.event_id)


def parse(fields: Mapping[bytes, bytes]) -> Envelope:
    """Read a stream entry; raises Undecodable if it is not one of ours."""
    try:
        attributes = {name.decode(): value.decode() for name, value in fields.items()}
    except UnicodeDecodeError:
        raise Undecodable("a field is not UTF-8") from None
    data = attributes.pop("data", None)
    if data is None:
        raise Undecodable("the field data is missing")
    for name in ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time"):
        if not attributes.get(name):
            raise Undecodable(f"the field {name} is missing")
    if attributes["ce_specversion"] != SPEC_VERSION:
        raise Undecodable("ce_specversion is not 1.0")
    if attributes.get("content-type", JSON).partition(";")[0].strip().lower() != JSON:
        raise Undecodable(f"content-type is not {JSON}")
    try:
        event_id = UUID(attributes["ce_id"])
    except ValueError:
        raise Undecodable("ce_id is not a UUID") from None
    try:
        occurred_at = _TIME.validate_python(attributes["ce_time"])
    except ValidationError:
        raise Undecodable("ce_time is not a time with its zone") from None
    return Envelope(attributes, payload_of(data), event_id, occurred_at)


def payload_of(data: str) -> dict[str, object]:
    """The payload that is written there; raises Undecodable, also if it is nested too deep."""
    try:
        payload = from_json(data, allow_inf_nan=False)
    except ValueError:
        raise Undecodable("data is not JSON") from None
    if not isinstance(payload, dict):
        raise Undecodable("data is not a JSON object")
    return payload
