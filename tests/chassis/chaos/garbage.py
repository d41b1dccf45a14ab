"""What no publisher of ours would write: entries that anybody could XADD by hand."""

import json
from collections.abc import Mapping
from random import Random
from uuid import uuid4

from ..service import SERVICE

FIELDS = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "data")


def entry(**changes: bytes) -> dict[str, bytes]:
    """An entry that would be an event, but for the changes."""
    fields = {
        "ce_specversion": b"1.0",
        "ce_id": str(uuid4()).encode(),
        "ce_source": SERVICE.encode(),
        "ce_type": f"{SERVICE}.ChaosStirred.v1".encode(),
        "ce_subject": b"by hand",
        "ce_time": b"2026-01-01T00:00:00Z",
        "content-type": b"application/json",
        "data": json.dumps({"mood": "none that there is"}).encode(),
    }
    return fields | changes


def without(name: str) -> dict[str, bytes]:
    """An entry that lacks a field."""
    return {field: value for field, value in entry().items() if field != name}


def unheard_of() -> dict[str, bytes]:
    """An event that nobody handles."""
    return entry(ce_type=f"{SERVICE}.NeverHeardOf.v1".encode())


def some(random: Random) -> Mapping[str, bytes]:
    """Any of many kinds of garbage."""
    return random.choice(
        [
            *(without(name) for name in FIELDS),
            {"": b""},
            {"a": b"\x00\xff"},
            entry(ce_id=b"no id"),
            entry(ce_id=b"\x00"),
            entry(ce_time=b"yesterday"),
            entry(ce_time=b"9999-12-31T23:59:59-14:00"),
            entry(ce_type=b"\xff\xfe"),
            unheard_of(),
            entry(ce_subject=b"\x00"),
            entry(data=b"{bad"),
            entry(data=b"\xff\xfe"),
            entry(data=b"[1]"),
            entry(data=b"[" * 200_000),
            entry(data=b'{"mood": 17, "seconds": "many"}'),
            entry(data=b'{"mood": "\\ud800"}'),
            entry(data=json.dumps({"padding": "x" * 2**20}).encode()),
        ]
    )
