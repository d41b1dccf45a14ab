"""A span for each SQL statement of a request or a handler.

OpenTelemetry's own instrumentation would record those of every loop that polls as well, and quotes
Postgres's errors, which may hold values.
"""

from typing import Any

from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy import Connection, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

_SPAN = "span"
_tracer = trace.get_tracer("statements")


def trace_statements(engine: AsyncEngine) -> None:
    """Record the statements that run inside a recorded span."""
    event.listen(engine.sync_engine, "before_cursor_execute", _begin)
    event.listen(engine.sync_engine, "after_cursor_execute", _end)
    event.listen(engine.sync_engine, "handle_error", _fail)


def _begin(connection: Connection, _: Any, statement: str, *__: Any) -> None:
    if not trace.get_current_span().is_recording():
        return
    operation = statement.split(maxsplit=1)[0].upper()
    about = {
        "db.system.name": "postgresql",
        "db.operation.name": operation,
        "db.query.text": statement,
    }
    connection.info[_SPAN] = _tracer.start_span(operation, None, SpanKind.CLIENT, about)


def _end(connection: Connection, *_: Any) -> None:
    if span := connection.info.pop(_SPAN, None):
        span.end()


def _fail(context: ExceptionContext) -> None:
    if context.connection is None:
        return
    if span := context.connection.info.pop(_SPAN, None):
        span.set_attribute("error.type", type(context.original_exception).__name__)
        span.set_status(StatusCode.ERROR)
        span.end()
