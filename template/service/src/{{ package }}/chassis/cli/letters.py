"""How dead letters look: as plain columns, as one page on a terminal, as JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from ..messaging.dead_letters.store import entry_fields
from ..texts import cell, envelope_and_payload, facts, first_line, moment, printable, several, state


def group_cells(group: Row[Any]) -> Mapping[str, str]:
    """One group of dead letters, by the heads of the columns."""
    return {
        "GROUP": group.group,
        "OPEN": str(group.open),
        "MARKED": str(group.marked),
        "FIRST SEEN (UTC)": moment(group.first_seen),
        "LAST SEEN (UTC)": moment(group.last_seen),
        "TYPE": several(group.event_type, group.event_types),
        "HANDLER": several(group.handler, group.handlers),
        "REASON": group.reason,
        "ERROR": first_line(group.error),
    }


def letter_cells(letter: Row[Any]) -> Mapping[str, str]:
    """One dead letter, by the heads of the columns."""
    return {
        "ID": str(letter.id),
        "STATE": state(letter.state),
        "LAST FAILED (UTC)": moment(letter.failed_at),
        "TYPE": cell(letter.event_type),
        "HANDLER": letter.handler,
        "REASON": letter.reason,
        "REPLAYS": str(letter.replays),
        "GROUP": letter.fingerprint,
        "ERROR": first_line(letter.error),
    }


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows below their heads."""
    return "\n".join(columns([tuple(rows[0]), *(tuple(row.values()) for row in rows)]))


def columns(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines with aligned columns; the last one has no end."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = [text.ljust(width) for text, width in zip(line, widths, strict=True)]
        yield "  ".join(padded).rstrip()


def page(letter: Row[Any]) -> str:
    """All there is to know of one dead letter, for a person."""
    envelope, payload = envelope_and_payload(entry_fields(letter.entry))
    sections = {
        f"dead letter {letter.id}": columns([*facts(letter).items()]),
        "envelope": columns([*envelope.items()]),
        "payload": payload.splitlines(),
        "error": letter.error.splitlines(),
        "traceback": letter.traceback.splitlines(),
        "failures": _failures(letter),
    }
    return "\n\n".join(
        "\n".join([title, *[f"  {printable(line)}" for line in lines]])
        for title, lines in sections.items()
    )


def record(letter: Row[Any]) -> str:
    """The same for a program: one line of JSON. It may end on a terminal, too."""
    text = json.dumps(letter._asdict(), default=_plain, ensure_ascii=False)
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def _failures(letter: Row[Any]) -> Iterator[str]:
    """Every failure that is kept, the newest last."""
    lines = columns(
        [
            (moment(failure["failed_at"]), failure["reason"], first_line(failure["error"]))
            for failure in (*letter.history, letter._mapping)
        ]
    )
    yield next(lines)
    if forgotten := letter.replays - len(letter.history):
        yield f"… {forgotten} more"
    yield from lines


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
