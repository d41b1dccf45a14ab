"""Options that several commands have, and the moments that are given in them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, TypeVar

import typer

from ..texts import REASONS

_AGO = re.compile(r"(\d{1,9})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

_C = TypeVar("_C", bound=Callable[..., None])


def parse_moment(given: str) -> datetime:
    """`90m` is that long ago; else a date or a time in ISO form, in UTC where it names no zone."""
    ago = _AGO.fullmatch(given)
    try:
        if ago:
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        time = datetime.fromisoformat(given)
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{given!r} is neither an age such as 90m, 12h or 7d, nor a time such as "
            "2026-01-31T12:00"
        ) from None


def when(explanation: str) -> Any:
    """An option that takes a moment."""
    return typer.Option(parser=parse_moment, metavar="WHEN", help=explanation)


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing; print the number.")]
EventType = Annotated[str | None, typer.Option("--type", help="Of this event type.")]
FILTERS: dict[str, object] = {
    "group": Annotated[
        str | None,
        typer.Option(metavar="FINGERPRINT", help="Of this group: failures of one cause."),
    ],
    "event_type": EventType,
    "handler": Annotated[str | None, typer.Option(help="Of this handler.")],
    "reason": Annotated[str | None, typer.Option(help=f"One of: {', '.join(REASONS)}.")],
    "since": Annotated[datetime | None, when("Last failed since then: 90m, 7d, 2026-01-31.")],
    "until": Annotated[datetime | None, when("Last failed before then.")],
}
"""The options that choose dead letters."""


def with_filters(command: _C) -> _C:
    """Declare FILTERS as options of a command, in place of its `**filters`."""
    own = [p for p in signature(command).parameters.values() if p.kind is not p.VAR_KEYWORD]
    shared = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in FILTERS.items()
    ]
    command.__signature__ = Signature([*own, *shared])  # type: ignore[attr-defined]
    return command
