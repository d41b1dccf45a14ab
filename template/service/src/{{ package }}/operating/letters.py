"""How dead letters look: as plain columns, as one page on a terminal, as JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from ..messaging.dead_letters import entry_fields

GROUP_HEADER = (
    *("GROUP", "OPEN", "MARKED", "FIRST SEEN (UTC)", "LAST SEEN (UTC)"),
    *("TYPE", "HANDLER", "REASON", "ERROR"),
)
LETTER_HEADER = (
    *("ID", "STATE", "LAST FAILED (UTC)", "TYPE", "HANDLER"),
    *("REASON", "REPLAYS", "GROUP", "ERROR"),
)
_STATES = {"replay": "marked"}


def group_line(group: Row[Any]) -> Sequence[str]:
    """The columns of one group."""
    return (
        *(group.group, str(group.open), str(group.marked)),
        *(_time(group.first_seen), _time(group.last_seen)),
        *(_several(group.event_type, group.event_types), _several(group.handler, group.handlers)),
        *(group.reason, _first_line(group.error)),
    )


def letter_line(letter: Row[Any]) -> Sequence[str]:
    """The columns of one dead letter."""
    return (
        *(str(letter.id), _STATES.get(letter.state, letter.state), _time(letter.failed_at)),
        *(_cell(letter.event_type), letter.handler, letter.reason, str(letter.replays)),
        *(letter.fingerprint, _first_line(letter.error)),
    )


def columns(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines with aligned columns; the last one has no end."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
        yield "  ".join(padded).rstrip()


def page(letter: Row[Any]) -> str:
    """All there is to know of one dead letter, for a person."""
    entry = {_text(name): value for name, value in entry_fields(letter.entry).items()}
    payload = entry.pop("data", b"")
    about = [
        ("event", f"{printable(letter.event_type or 'no type')} {letter.event_id}"),
        ("state", _STATES.get(letter.state, letter.state)),
        ("handler", letter.handler),
        ("reason", f"{letter.reason}, at attempt {letter.attempts}"),
        ("group", letter.fingerprint),
        ("trace", trace_id(letter.entry) or "none"),
        ("stream", f"{letter.stream} {letter.stream_id}"),
        ("published", _time(letter.published_at)),
        ("died", _time(letter.died_at)),
        ("last failed", _time(letter.failed_at)),
    ]
    sections = {
        f"dead letter {letter.id}": columns(about),
        "envelope": columns([(name, _text(value)) for name, value in sorted(entry.items())]),
        "payload": _payload(payload).splitlines(),
        "error": letter.error.splitlines(),
        "traceback": letter.traceback.splitlines(),
        "history": _history(letter),
    }
    return "\n\n".join(
        "\n".join([title, *[f"  {printable(line)}" for line in lines]])
        for title, lines in sections.items()
    )


def record(letter: Row[Any]) -> str:
    """The same for a program: one line of JSON. It may end on a terminal, too."""
    text = json.dumps(letter._asdict(), default=_plain, ensure_ascii=False)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def trace_id(entry: Mapping[str, str]) -> str | None:
    """The trace that the event belongs to, if it names one."""
    parts = entry.get("ce_traceparent", "").split("-")
    return parts[1] if len(parts) >= 4 else None


def printable(text: str) -> str:
    """Text from anywhere, in which nothing commands the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _history(letter: Row[Any]) -> Iterator[str]:
    """Every failure that is kept, the newest last."""
    now = {"failed_at": letter.failed_at, "reason": letter.reason, "error": letter.error}
    failures = [*letter.history, now]
    lines = columns(
        [(_time(f["failed_at"]), f["reason"], _first_line(f["error"])) for f in failures]
    )
    yield next(lines)
    forgotten = letter.replays + 1 - len(failures)
    if forgotten:
        yield f"… {forgotten} more"
    yield from lines


def _payload(data: bytes) -> str:
    try:
        return json.dumps(json.loads(data), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return _text(data)


def _several(least: str | None, count: int) -> str:
    return f"{_cell(least)} +{count - 1}" if count > 1 else _cell(least)


def _cell(text: str | None) -> str:
    return printable(text or "-")[:80]


def _first_line(text: str) -> str:
    return printable(next(iter(text.splitlines()), ""))[:100]


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")


def _time(moment: datetime | str | None) -> str:
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment else "-"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
