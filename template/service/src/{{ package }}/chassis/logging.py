"""The log: one JSON object a line, or coloured text on a terminal; libraries log the same way.

docs/logs.md lists what is logged. No JSON quotes the text of an error: it may hold values.
"""

import logging
import signal
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import structlog
from opentelemetry import trace
from structlog.types import EventDict, ExcInfo, Processor

# Of libraries, only what needs attention. http/request_log.py logs requests, and
# tracing/exporting.py that spans cannot be exported.
LEVELS = {
    "alembic": "WARNING",
    "asyncio": "INFO",
    "opentelemetry.exporter": "CRITICAL",
    "opentelemetry.sdk": "CRITICAL",
    "sqlalchemy": "WARNING",
    "urllib3": "ERROR",
    "uvicorn.access": "WARNING",
    "uvicorn.error": "WARNING",
}

log = structlog.get_logger()


def configure(service: str, role: str, level: str, log_format: str) -> None:
    """Set up logging for one process. Every line bears `service` and `role`."""
    console = log_format == "console" or (log_format == "auto" and sys.stdout.isatty())

    def bind(_: Any, __: str, event: EventDict) -> EventDict:
        return {"service": service, "role": role, **event}

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_trace,
        bind,
    ]
    renderer: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if console:
        plain = structlog.dev.plain_traceback  # the rich one shows the values of variables
        renderer.append(structlog.dev.ConsoleRenderer(exception_formatter=plain))
    else:
        exceptions = structlog.processors.ExceptionRenderer(without_values)
        renderer += [exceptions, structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=renderer, foreign_pre_chain=shared)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for library, least in LEVELS.items():
        logging.getLogger(library).handlers = []
        logging.getLogger(library).propagate = True
        logging.getLogger(library).setLevel(least)
    if sys.platform != "win32":  # they would end the process until the role handles them
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)


def add_trace(_: Any, __: str, event: EventDict) -> EventDict:
    """Add the ids of the current span, if there is one."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event


def without_values(exc_info: ExcInfo) -> str:
    """A traceback with the types of its errors, without their messages."""
    return "\n".join(line.rstrip() for line in _lines(exc_info[1]))


def _lines(error: BaseException) -> Iterator[str]:
    yield from traceback.format_tb(error.__traceback__)
    yield type(error).__name__
    further = (*getattr(error, "exceptions", ()), error.__cause__ or error.__context__)
    for other in further:
        if other is not None:
            yield "caused by:"
            yield from _lines(other)


def change_level(steps: int) -> None:
    """Lower the level of the log by so many steps, or raise it if `steps` is negative."""
    root = logging.getLogger()
    level = min(max(root.level - 10 * steps, logging.DEBUG), logging.ERROR)
    least = logging.getLevelName(min(level, root.level))
    root.setLevel(least)  # so that the next line is seen
    log.warning("log.level", least=logging.getLevelName(level))
    root.setLevel(level)
