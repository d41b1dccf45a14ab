"""The state of the service at a glance."""

from dataclasses import dataclass

from ..messaging.dead_letters import queries as desk
from ..messaging.events import streams_known
from ..messaging.observing.status import Backlog, GroupStatus, backlog, groups
from ..messaging.redis import Broker
from ..service import AnyService
from ..settings import Settings
from ..texts import printable
from .database import connected


@dataclass(frozen=True, slots=True)
class Status:
    """What there is to know at a glance."""

    outbox: Backlog
    groups: list[GroupStatus]
    dead_letters: int


async def read_status(service: AnyService, settings: Settings) -> Status:
    """Ask Postgres and Redis; raises what a person is told."""
    service.discover()
    async with Broker(settings.redis_url.get_secret_value()) as broker:
        found = await groups(broker, streams_known(), settings.key_prefix)
    async with connected(service, settings) as engine:
        return Status(await backlog(engine), found, await desk.count_open(engine))


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
