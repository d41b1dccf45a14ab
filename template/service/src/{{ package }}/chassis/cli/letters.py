"""How dead letters look: as plain columns, as one page on a terminal, as JSON."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from .. import texts
from ..texts import STATES, cell, first_line, moment, printable, several

GROUP_HEADER = (
    *("GROUP", "OPEN", "MARKED", "FIRST SEEN (UTC)", "LAST SEEN (UTC)"),
    *("TYPE", "HANDLER", "REASON", "ERROR"),
)
LETTER_HEADER = (
    *("ID", "STATE", "LAST FAILED (UTC)", "TYPE", "HANDLER"),
    *("REASON", "REPLAYS", "GROUP", "ERROR"),
)


def group_line(group: Row[Any]) -> Sequence[str]:
    """The columns of one group."""
    return (
        *(group.group, str(group.open), str(group.marked)),
        *(moment(group.first_seen), moment(group.last_seen)),
        *(several(group.event_type, group.event_types), several(group.handler, group.handlers)),
        *(group.reason, first_line(group.error)),
    )


def letter_line(letter: Row[Any]) -> Sequence[str]:
    """The columns of one dead letter."""
    return (
        *(str(letter.id), STATES.get(letter.state, letter.state), moment(letter.failed_at)),
        *(cell(letter.event_type), letter.handler, letter.reason, str(letter.replays)),
        *(letter.fingerprint, first_line(letter.error)),
    )


def columns(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines with aligned columns; the last one has no end."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = [text.ljust(width) for text, width in zip(line, widths, strict=True)]
        yield "  ".join(padded).rstrip()


def page(letter: Row[Any]) -> str:
    """All there is to know of one dead letter, for a person."""
    attributes, payload = texts.fields(letter.entry)
    about = [
        ("event", f"{printable(letter.event_type or 'no type')} {letter.event_id}"),
        ("state", STATES.get(letter.state, letter.state)),
        ("handler", letter.handler),
        ("reason", f"{letter.reason}, at attempt {letter.attempts}"),
        ("group", letter.fingerprint),
        ("trace", texts.trace_id(letter.entry) or "none"),
        ("stream", f"{letter.stream} {letter.stream_id}"),
        ("published", moment(letter.published_at)),
        ("died", moment(letter.died_at)),
        ("last failed", moment(letter.failed_at)),
    ]
    sections = {
        f"dead letter {letter.id}": columns(about),
        "envelope": columns(attributes),
        "payload": payload.splitlines(),
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


def _history(letter: Row[Any]) -> Iterator[str]:
    """Every failure that is kept, the newest last."""
    now = {"failed_at": letter.failed_at, "reason": letter.reason, "error": letter.error}
    failures = [*letter.history, now]
    lines = columns(
        [(moment(f["failed_at"]), f["reason"], first_line(f["error"])) for f in failures]
    )
    yield next(lines)
    forgotten = letter.replays + 1 - len(failures)
    if forgotten:
        yield f"… {forgotten} more"
    yield from lines


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
