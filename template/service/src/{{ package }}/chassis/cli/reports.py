"""What the commands `status` and `audit` find out, and how they print it."""

from dataclasses import dataclass

from ..messaging.dead_letters.queries import count_open
from ..messaging.events import streams_known, streams_published
from ..messaging.handlers import registered_handlers, streams_read
from ..messaging.observing.status import Backlog, GroupStatus, backlog, groups
from ..messaging.redis import Broker
from ..messaging.upkeep.audit import Audit, Report
from ..service import AnyService
from ..texts import printable
from .running import connected


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the service at a glance."""

    outbox: Backlog
    groups: list[GroupStatus]
    dead_letters: int


async def read_status(service: AnyService) -> Status:
    """Ask Postgres and Redis; raises ServiceError if one of them does not answer."""
    service.discover()
    settings = service.load_settings()
    async with Broker(settings.redis_url.get_secret_value()) as broker:
        found = await groups(broker, streams_known(), settings.key_prefix)
    async with connected(service, settings) as engine:
        return Status(await backlog(engine), found, await count_open(engine))


def status_text(status: Status) -> str:
    """The status as a table for a terminal."""
    outbox = status.outbox
    lines = [
        f"outbox        {outbox.pending} unpublished, the oldest for {outbox.oldest_seconds:.1f} s",
        f"dead letters  {status.dead_letters} open",
    ]
    lines += [
        f"{g.stream} → {printable(g.group)}  lag {g.lag}, pending {g.pending} ({g.parked} parked), "
        f"consumers {g.consumers}"
        for g in status.groups
    ]
    return "\n".join(lines)


async def run_audit(service: AnyService) -> Report:
    """Compare everything this service knows; raises ServiceError if a server does not answer."""
    service.discover()
    settings = service.load_settings()
    async with (
        Broker(settings.redis_url.get_secret_value()) as broker,
        connected(service, settings) as engine,
    ):
        await broker.ping()
        audit = Audit(engine, broker, key_prefix=settings.key_prefix, group=service.name)
        for stream in sorted(streams_published(service.name)):
            await audit.published(stream)
        for stream in sorted(streams_read()):
            await audit.published(f"{stream}.{service.name}.dlq")
            await audit.consumed(stream, registered_handlers())
        await audit.decided()
    return audit.report


def audit_text(report: Report) -> str:
    """The report for a terminal: what was compared, then each finding with its event ids."""
    lines = [f"{number:>10}  {what}" for what, number in report.compared.items()]
    for what, number in report.findings.items():
        lines.append(f"{number:>10}  {what.upper()}")
        lines += [f"{'':>10}  {event_id}" for event_id in report.event_ids[what]]
    failed = ", ".join(f"{what}: {number}" for what, number in report.findings.items())
    return "\n".join([*lines, f"audit failed: {failed}" if failed else "audit passed"])
