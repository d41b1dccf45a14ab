"""The state of the service at a glance."""

from dataclasses import dataclass

from ..messaging.dead_letters import queries as desk
from ..messaging.events import registered_events
from ..messaging.observing.status import Backlog, GroupStatus, backlog, groups
from ..messaging.redis import Broker
from ..roles.wiring import discover
from ..settings import Settings
from .database import connected
from .texts import printable


@dataclass(frozen=True, slots=True)
class Status:
    """What there is to know at a glance."""

    outbox: Backlog
    groups: list[GroupStatus]
    dead_letters: int


async def read_status(settings: Settings) -> Status:
    """Ask Postgres and Redis; raises what a person is told."""
    discover()
    async with Broker(settings.redis_url.get_secret_value()) as broker:
        found = await groups(broker, known_streams(), settings.key_prefix)
    async with connected(settings) as engine:
        return Status(await backlog(engine), found, await desk.count_open(engine))


def known_streams() -> list[str]:
    """The streams that this code publishes to or reads."""
    return sorted({event.event_type.stream for event in registered_events().values()})


def status_text(status: Status) -> str:
    """The same as a table for a terminal."""
    outbox = status.outbox
    lines = [
        f"outbox        {outbox.pending} waiting, the oldest for {outbox.oldest_seconds:.1f} s",
        f"dead letters  {status.dead_letters} open",
    ]
    lines += [
        f"{g.stream} → {printable(g.group)}  lag {g.lag}, pending {g.pending} ({g.parked} parked), "
        f"consumers {g.consumers}"
        for g in status.groups
    ]
    return "\n".join(lines)
