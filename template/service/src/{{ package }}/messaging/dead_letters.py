"""Dead letters: a row for each (handler, event) that was given up, until a person decides."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import NAMESPACE_OID, UUID, uuid5

from sqlalchemy import insert

from ..uow import UnitOfWork
from . import inbox
from .failure import Failure
from .stream import Delivery
from .tables import dead_letters

ANY_HANDLER = "*"
"""The handler of a dead letter that could not be assigned to one."""
NOTICE_TYPE = "eventsmith.DeadLetter.v1"
"""The type of the announcement on the stream `<stream>.<group>.dlq`."""


async def bury(
    uow: UnitOfWork, delivery: Delivery, failure: Failure, *, stream: str, group: str, handler: str
) -> bool:
    """Give an event up for one handler, and announce it; False if it has been decided already.

    One transaction with the inbox row, so that an event is never both applied and dead.
    """
    event_id = id_of(delivery, stream)
    if not await inbox.decide(uow.session, handler, event_id, "dead"):
        return False
    row = {
        "handler": handler,
        "event_id": event_id,
        "event_type": _text(delivery.fields.get(b"ce_type")),
        "stream": stream,
        "stream_id": delivery.stream_id,
        "entry": {_name(name): _value(value) for name, value in delivery.fields.items()},
        "reason": failure.reason,
        "error": failure.error,
        "traceback": failure.traceback,
        "fingerprint": failure.fingerprint,
        "attempts": delivery.attempt,
        "published_at": _published_at(delivery.stream_id),
    }
    await uow.session.execute(insert(dead_letters).values(row))
    told = ("handler", "event_type", "stream_id", "reason", "fingerprint", "attempts")
    notice = {"event_id": str(event_id)} | {name: row[name] for name in told}
    uow.announce(f"{stream}.{group}.dlq", NOTICE_TYPE, str(event_id), json.dumps(notice))
    return True


def id_of(delivery: Delivery, stream: str) -> UUID:
    """The event's id; for an entry without a usable one, an id made of its place."""
    try:
        return UUID(delivery.fields[b"ce_id"].decode())
    except (KeyError, ValueError):
        return uuid5(NAMESPACE_OID, f"{stream}/{delivery.stream_id}")


def entry_fields(entry: Mapping[str, str | Mapping[str, str]]) -> dict[bytes, bytes]:
    """The fields of a stored entry, as they were read from the stream."""
    return {
        name.encode(): value.encode()
        if isinstance(value, str)
        else base64.b64decode(value["base64"])
        for name, value in entry.items()
    }


def _published_at(stream_id: str) -> datetime | None:
    """The id's first half is the server's time in milliseconds, unless its writer chose it."""
    try:
        return datetime.fromtimestamp(int(stream_id.partition("-")[0]) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _name(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")


def _text(value: bytes | None) -> str | None:
    text = _value(value) if value is not None else None
    return text if isinstance(text, str) else None


def _value(value: bytes) -> str | dict[str, str]:
    """Text where Postgres can store it as such, else base64: nothing of an entry is lost."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}
    return {"base64": base64.b64encode(value).decode()} if "\x00" in text else text
