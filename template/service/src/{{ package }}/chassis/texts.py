"""Text for people, made of what may come from anywhere: nothing in it commands a terminal."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from .messaging.dead_letters.store import entry_fields

STATES = {"replay": "marked"}
"""States of dead letters that people know by another word."""


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


def fields(entry: Mapping[str, str]) -> tuple[list[tuple[str, str]], str]:
    """A stored entry as people read it: its attributes by name, and the payload."""
    read = {_text(name): value for name, value in entry_fields(entry).items()}
    payload = read.pop("data", b"")
    return [(name, _text(value)) for name, value in sorted(read.items())], _payload(payload)


def trace_id(entry: Mapping[str, str]) -> str | None:
    """The trace that the event belongs to, if it names one."""
    parts = entry.get("ce_traceparent", "").split("-")
    return parts[1] if len(parts) >= 4 else None


def _payload(data: bytes) -> str:
    try:
        return json.dumps(json.loads(data), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return _text(data)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")
