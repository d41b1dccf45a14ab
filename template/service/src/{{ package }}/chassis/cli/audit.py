"""The command `audit`: what was published, read, decided and given up has to add up."""

from ..messaging.events import streams_published
from ..messaging.handlers import registered_handlers, streams_read
from ..messaging.redis import Broker
from ..messaging.upkeep.audit import Audit, Report
from ..service import AnyService
from ..settings import Settings
from .database import connected


async def run_audit(service: AnyService, settings: Settings) -> Report:
    """Compare everything this service knows; raises what a person is told."""
    service.discover()
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
    """The report for a terminal: what was compared, then what does not add up."""
    lines = [f"{number:>10}  {what}" for what, number in report.compared.items()]
    for what, number in report.findings.items():
        lines.append(f"{number:>10}  {what.upper()}")
        lines += [f"{'':>10}  {event_id}" for event_id in report.event_ids[what]]
    return "\n".join([*lines, "all adds up" if not report.findings else "this does not add up"])
