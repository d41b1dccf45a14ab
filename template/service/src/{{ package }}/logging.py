"""The log: one JSON object a line, or coloured text on a terminal; libraries log the same way."""

import logging
import sys
from typing import Any

import structlog
from structlog.types import EventDict, Processor


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
        bind,
    ]
    renderer: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if console:
        plain = structlog.dev.plain_traceback  # the other kind shows the values of variables
        renderer.append(structlog.dev.ConsoleRenderer(exception_formatter=plain))
    else:
        renderer += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
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
    # Libraries tell about themselves only what needs attention; requests are logged by api/app.py.
    for library in ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic", "asyncio"):
        logging.getLogger(library).handlers = []
        logging.getLogger(library).propagate = True
    for library in ("uvicorn.error", "uvicorn.access", "alembic"):
        logging.getLogger(library).setLevel("WARNING")
