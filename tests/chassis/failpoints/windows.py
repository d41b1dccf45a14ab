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
    "before-the-commit": before("chassis.messaging.unit_of_work:UnitOfWork._commit"),
    "after-the-commit": before("chassis.messaging.publishing.notify:OutboxNotifier.notify"),
    # The relay.
    "after-reading-a-batch": after(
        "chassis.messaging.publishing.pending_batch:PendingBatch.next_part"
    ),
    "before-publishing": before("chassis.messaging.redis:Broker.publish"),
    "after-publishing": after("chassis.messaging.redis:Broker.publish"),
    "between-two-parts-of-a-batch": before("chassis.messaging.redis:Broker.publish", call=2),
    # Lost writes, and `outbox replay`: rows go back from outbox_sent to the outbox.
    "between-two-pages-of-a-look": before(
        "chassis.messaging.publishing.lost_writes:LostWrites._look_at", call=2
    ),
    "before-putting-back": before("chassis.messaging.publishing.lost_writes:put_back"),
    "after-putting-back": after("chassis.messaging.publishing.lost_writes:put_back"),
    "between-two-pages-of-a-repair": before(
        "chassis.messaging.publishing.lost_writes:put_back", call=2
    ),
    "between-two-pages-of-a-replay": before(
        "chassis.messaging.publishing.republish:put_back", call=2
    ),
    # The janitor.
    "after-the-trim-mark": before("chassis.messaging.upkeep.trim_streams:in_small_batches"),
    "after-the-first-chunk": after("chassis.messaging.upkeep.trim_streams:trim_chunk"),
    # A consumer and its handlers.
    "after-a-read": before(
        "chassis.messaging.consuming.in_flight:InFlight.start", fits=lambda _, read, __: read
    ),
    "before-the-inbox-row": before("chassis.messaging.inbox:decide_all"),
    "in-the-handler": after("chassis.messaging.handlers:Handler.run"),
    "in-the-handler-of-a-killer": before(
        "chassis.messaging.handlers:Handler.run",
        fits=lambda _, events, __: events[0].text == "killer",
    ),
    "between-two-handlers": before("chassis.messaging.consuming.dispatch:attempt", call=2),
    "before-the-acknowledgement": before("chassis.messaging.consuming.group:Group.ack"),
    "before-parking": before("chassis.messaging.consuming.group:Group.park"),
    "before-giving-up": before("chassis.messaging.consuming.dispatch:store_dead_letter"),
    "before-the-commit-of-a-dead-letter": before(
        "chassis.messaging.unit_of_work:UnitOfWork.announce"
    ),
    # A consumer that was told to stop.
    "in-the-drain": before("chassis.messaging.consuming.in_flight:InFlight.drain"),
    "between-two-releases": before(
        "chassis.messaging.consuming.in_flight:InFlight.release", call=2
    ),
    # Decisions on dead letters.
    "before-replaying": before("chassis.messaging.consuming.dispatch:attempt"),
    "before-the-commit-of-a-replay": after("chassis.messaging.dead_letters.marked:close"),
    "before-opening-a-dead-letter-again": before(
        "chassis.messaging.consuming.replay:Replay.give_up"
    ),
    "in-a-discard": before("chassis.messaging.inbox:supersede_all_dead"),
}
