"""The crash windows: each a line between two steps of delivery, at which a process may end.

Nothing in `src/` knows of them. A failpoint wraps the function whose call is that line; the
process that it is armed in is one of the tests' own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Failpoint:
    """One call of one function: the first whose arguments fit, unless `call` counts further."""

    seam: str
    """`module:name` in the service's package, where the caller looks the function up."""
    moment: Literal["before", "after"]
    call: int = 1
    fits: Callable[..., bool] | None = None


def before(seam: str, call: int = 1, fits: Callable[..., bool] | None = None) -> Failpoint:
    """The line before a call."""
    return Failpoint(seam, "before", call, fits)


def after(seam: str) -> Failpoint:
    """The line after the first call, which was awaited."""
    return Failpoint(seam, "after")


FAILPOINTS = {
    # A writer.
    "before-the-commit": before("uow:UnitOfWork._commit"),
    "after-the-commit": before("messaging.poke:Poker.poke"),
    # The relay.
    "after-reading-a-batch": after("messaging.waiting:Waiting.next_part"),
    "before-publishing": before("messaging.batch:publish"),
    "after-publishing": after("messaging.batch:publish"),
    "between-two-parts-of-a-batch": before("messaging.batch:publish", call=2),
    # Lost writes, and `outbox replay`: rows go back from outbox_sent to the outbox.
    "between-two-pages-of-a-look": before("messaging.lost_writes:LostWrites._treat", call=2),
    "before-putting-back": before("messaging.lost_writes:put_back"),
    "after-putting-back": after("messaging.lost_writes:put_back"),
    "between-two-pages-of-a-repair": before("messaging.lost_writes:put_back", call=2),
    "between-two-pages-of-a-replay": before("messaging.outbox_replay:put_back", call=2),
    # The janitor.
    "after-the-trim-mark": before("messaging.trimming:in_batches"),
    "after-the-first-bite": after("messaging.trimming:bite"),
    # A consumer and its handlers.
    "after-a-read": before("messaging.in_flight:InFlight.start", fits=lambda _, read, __: read),
    "before-the-inbox-row": before("messaging.inbox:decide_all"),
    "in-the-handler": after("handlers.registry:Handler.run"),
    "in-the-handler-of-a-killer": before(
        "handlers.registry:Handler.run", fits=lambda _, events, __: events[0].text == "killer"
    ),
    "between-two-handlers": before("messaging.handling:attempt", call=2),
    "before-the-acknowledgement": before("messaging.stream:Group.ack"),
    "before-parking": before("messaging.stream:Group.park"),
    "before-giving-up": before("messaging.handling:bury"),
    "before-the-commit-of-a-dead-letter": after("messaging.handling:bury"),
    # A consumer that was told to stop.
    "in-the-drain": before("messaging.in_flight:InFlight.drain"),
    "between-two-hand-backs": before("messaging.in_flight:InFlight.hand_back", call=2),
    # Decisions on dead letters.
    "before-replaying": before("messaging.replay:attempt"),
    "before-closing-a-dead-letter": before("messaging.replay:Replays._finish"),
    "before-opening-a-dead-letter-again": before("messaging.replay:Replays._reopen"),
    "in-a-discard": before("messaging.inbox:revive_all"),
}
