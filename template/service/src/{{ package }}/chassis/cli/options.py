"""Options that several commands have, and the moments that are given in them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

_AGO = re.compile(r"(\d{1,9})([smhd])")
MOST = 2**63 - 1
"""The largest number that a row can have."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment(given: str) -> datetime:
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


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]
Ids = Annotated[
    list[int] | None,
    typer.Argument(min=1, max=MOST, help="Numbers of dead letters.", metavar="ID…"),
]
All = Annotated[bool, typer.Option("--all", help="Every open dead letter.")]
Group = Annotated[
    str | None, typer.Option(metavar="FINGERPRINT", help="Of this group: failed in one way.")
]
EventType = Annotated[str | None, typer.Option("--type", help="Of this type of event.")]
Handler = Annotated[str | None, typer.Option(help="Of this handler.")]
Reason = Annotated[
    str | None,
    typer.Option(help="attempts, permanent, timeout, undecodable, crashed or no_handler."),
]
Since = Annotated[
    datetime | None,
    typer.Option(parser=moment, metavar="WHEN", help="Failed since then: 90m, 7d, 2026-01-31."),
]
Until = Annotated[
    datetime | None, typer.Option(parser=moment, metavar="WHEN", help="Last failed before then.")
]
