"""Text for people, made of what may come from anywhere: nothing in it commands a terminal.

The command line and the desk show the same words for the same things.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from .messaging.failure import Reason

REASONS = {
    Reason.ATTEMPTS: "Every attempt failed.",
    Reason.PERMANENT: "The handler raised Permanent: another attempt would fail too.",
    Reason.TIMEOUT: "The handler took longer than HANDLER_TIMEOUT.",
    Reason.UNDECODABLE: "The entry cannot be read as the event that it claims to be.",
    Reason.CRASHED: "The process died more than once while it handled the event.",
    Reason.NO_HANDLER: "This code has no handler for the event.",
}
"""Why an event becomes a dead letter."""


def printable(text: str) -> str:
    """Text without control characters, not even the ends of lines."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def lines(text: str) -> str:
    """The same for each line."""
    return "\n".join(map(printable, text.splitlines()))


def cell(text: str | None) -> str:
    """What fits into a column."""
    return printable(text or "-")[:80]


def first_line(text: str) -> str:
    """An error in brief."""
    return printable(next(iter(text.splitlines()), ""))[:100]


def several(least: str | None, count: int) -> str:
    """One of them, and how many more there are."""
    return f"{cell(least)} +{count - 1}" if count > 1 else cell(least)


def moment(when: datetime | str | None) -> str:
    """A time in UTC, to the second."""
    if isinstance(when, str):
        when = datetime.fromisoformat(when)
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if when else "-"


def state(of_letter: str) -> str:
    """The state of a dead letter."""
    return "marked" if of_letter == "replay" else of_letter


def facts(letter: Any) -> Mapping[str, str]:
    """A row of `dead_letters` in brief, each column by its name."""
    trace = letter.entry.get("ce_traceparent", "").split("-")
    found = {
        "event": letter.event_type or "no type",
        "event id": str(letter.event_id),
        "trace id": trace[1] if len(trace) >= 4 else "none",
        "stream": f"{letter.stream} {letter.stream_id}",
        "state": state(letter.state),
        "handler": letter.handler,
        "reason": letter.reason,
        "group": letter.fingerprint,
        "attempts": str(letter.attempts),
        "failed replays": str(letter.replays),
        "published": moment(letter.published_at),
        "died": moment(letter.died_at),
        "last failed": moment(letter.failed_at),
    }
    return {name: printable(value) for name, value in found.items()}


def envelope_and_payload(fields: Mapping[bytes, bytes]) -> tuple[Mapping[str, str], str]:
    """The fields of an entry: its attributes by name, and its payload, indented if it is JSON."""
    texts = {_text(name): _text(value) for name, value in sorted(fields.items())}
    payload = texts.pop("data", "")
    with suppress(ValueError, RecursionError):
        payload = json.dumps(json.loads(payload), indent=2, ensure_ascii=False)
    return texts, payload


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
