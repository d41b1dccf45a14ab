"""One dead letter as a page shows it, and why it can or cannot be decided on."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from ..messaging.dead_letters.decisions import handled
from ..messaging.dead_letters.store import ANY_HANDLER
from ..messaging.handlers import Handler
from ..texts import fields, moment, trace_id
from .forms import Action

MEANINGS = {
    "attempts": "It failed at every attempt.",
    "permanent": "The handler says that trying again will not help as things are.",
    "timeout": "The handler took longer than it may.",
    "undecodable": "The entry could not be read as the event that it claims to be.",
    "crashed": "The process died while it handled this, more than once.",
    "no_handler": "No handler of this code takes the event.",
}
"""Reasons, in words."""


def shown(letter: Row[Any]) -> Mapping[str, object]:
    """What the page of a letter tells beside its columns."""
    envelope, payload = fields(letter.entry)
    return {
        "letter": letter,
        "meaning": MEANINGS.get(letter.reason, ""),
        "facts": list(_facts(letter)),
        "envelope": envelope,
        "payload": payload,
        "history": letter.history,
        "forgotten": letter.replays - len(letter.history),
    }


def _facts(letter: Row[Any]) -> Iterator[tuple[str, str]]:
    yield "Event", letter.event_type or "no type"
    yield "Event id", str(letter.event_id)
    yield "Trace id", trace_id(letter.entry) or "none"
    yield "Stream", f"{letter.stream} {letter.stream_id}"
    yield "Attempts", str(letter.attempts)
    yield "Failed replays", str(letter.replays)
    yield "Published", moment(letter.published_at)
    yield "Given up", moment(letter.died_at)
    yield "Last failed", moment(letter.failed_at)


def refused(
    action: Action,
    ids: Sequence[int],
    found: Sequence[Row[Any]],
    handlers: Mapping[str, Sequence[Handler]],
) -> dict[int, str]:
    """Why each of `ids` cannot be replayed or discarded, or "" if it can; `found` are those of
    them that exist."""
    known, by_number = handled(handlers), {letter.id: letter for letter in found}
    return {number: _why(action, by_number.get(number), known) for number in ids}


def _why(action: Action, letter: Row[Any] | None, known: set[tuple[str, str]]) -> str:
    if letter is None:
        return "there is no such dead letter"
    if letter.state in ("replayed", "discarded"):
        return f"is {letter.state} already"
    if action is Action.DISCARD:
        return ""
    if letter.state == "replay":
        return "is marked for replay already"
    if letter.handler != ANY_HANDLER and (letter.handler, letter.event_type) not in known:
        return f"this code has no handler {letter.handler} of {letter.event_type} any more"
    return ""
