"""Dead letters: a row for each (handler, event) that was given up, until a person decides."""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import structlog
from sqlalchemy import case, func, literal
from sqlalchemy.dialects.postgresql import insert

from ...tracing.messaging import failed
from .. import inbox
from ..failure import Failure
from ..observing.metrics import DEAD
from ..redis import Delivery
from ..tables import dead_letters
from ..unit_of_work import PATIENCE, UnitsOfWork

ANY_HANDLER = "*"
"""The handler of a dead letter that could not be assigned to one."""
NOTICE_TYPE = "eventsmith.DeadLetter.v1"
"""The type of the announcement on the stream `<stream>.<group>.dlq`."""
HISTORY = 20
"""Earlier failures that a dead letter keeps: the first one and the newest."""
_BASE64 = "base64:"
"""How what is no text begins in a stored entry."""

log = structlog.get_logger()


async def store_dead_letter(
    units: UnitsOfWork,
    event_id: UUID,
    delivery: Delivery,
    failure: Failure,
    *,
    stream: str,
    group: str,
    handler: str,
) -> None:
    """Give an event up for one handler, and announce it, unless the handler has decided already.

    One transaction with the inbox row, so that an event is never both applied and dead. Raises a
    database error.
    """
    row = _row(handler, event_id, stream, delivery, failure)
    # There is a letter where the inbox had forgotten the decision.
    stored = insert(dead_letters).on_conflict_do_update(
        index_elements=["handler", "event_id"], set_=failed_again(failure)
    )
    noticed = ("handler", "event_type", "stream_id", "reason", "fingerprint", "attempts")
    notice = {"event_id": str(event_id)} | {name: row[name] for name in noticed}
    async with units.open(patience=PATIENCE) as uow:
        if not await inbox.decide(uow.session, handler, event_id, "dead"):
            return
        await uow.session.execute(stored.values(row))
        uow.announce(f"{stream}.{group}.dlq", NOTICE_TYPE, str(event_id), json.dumps(notice))
    failed(failure.reason)
    DEAD.labels(handler, failure.reason).inc()
    log.error(
        "event.dead",
        handler=handler,
        stream_id=delivery.stream_id,
        reason=failure.reason,
        attempts=delivery.attempt,
        fingerprint=failure.fingerprint,
    )


def _row(
    handler: str, event_id: UUID, stream: str, delivery: Delivery, failure: Failure
) -> dict[str, object]:
    entry = {_stored(name): _stored(value) for name, value in delivery.fields.items()}
    return {
        "handler": handler,
        "event_id": event_id,
        "event_type": entry.get("ce_type"),
        "stream": stream,
        "stream_id": delivery.stream_id,
        "entry": entry,
        "attempts": delivery.attempt,
        "published_at": _published_at(delivery.stream_id),
        **asdict(failure),
    }


def failed_again(failure: Failure) -> dict[str, Any]:
    """What changes in a dead letter whose replay failed: its last failure becomes history."""
    was = dead_letters.c
    last = func.jsonb_build_object(
        *("failed_at", was.failed_at, "reason", was.reason, "fingerprint", was.fingerprint),
        *("error", func.left(was.error, 500)),
    )
    is_full = func.jsonb_array_length(was.history) >= HISTORY
    kept = case((is_full, was.history.op("-")(literal(1))), else_=was.history)
    return {
        "state": "open",
        "replays": was.replays + 1,
        "history": kept.op("||")(last),
        "failed_at": func.now(),
        **asdict(failure),
    }


def place_id(stream: str, stream_id: str) -> UUID:
    """The id of an entry that names no event: what could not be read identifies nothing."""
    return uuid5(NAMESPACE_OID, f"{stream}/{stream_id}")


def entry_fields(entry: Mapping[str, str]) -> dict[bytes, bytes]:
    """The fields of a stored entry, as they were read from the stream."""
    return {_restored(name): _restored(value) for name, value in entry.items()}


def _published_at(stream_id: str) -> datetime | None:
    """The id's first half is the server's time in milliseconds, unless its writer chose it."""
    try:
        return datetime.fromtimestamp(int(stream_id.partition("-")[0]) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _stored(value: bytes) -> str:
    """Text where Postgres can store it as such, else base64: nothing of an entry is lost."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text or text.startswith(_BASE64):
        return _BASE64 + base64.b64encode(value).decode()
    return text


def _restored(text: str) -> bytes:
    if text.startswith(_BASE64):
        return base64.b64decode(text.removeprefix(_BASE64))
    return text.encode()
