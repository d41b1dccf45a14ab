"""Traces of this process: exported if OTEL_EXPORTER_OTLP_ENDPOINT is set, else ids and no more.

OpenTelemetry's SDK is imported only where spans are exported. Its own variables (OTEL_*) hold.
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
)
from sqlalchemy import Connection, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from ..settings import Settings

_SPAN = "span"
_statements = trace.get_tracer("statements")
TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
DEFAULTS = {
    # The stable conventions; OpenTelemetry's own default is those of 2021.
    "OTEL_SEMCONV_STABILITY_OPT_IN": "http",
    # Probes and scrapes would be most of the traces.
    "OTEL_PYTHON_FASTAPI_EXCLUDED_URLS": r"^\w+://[^/]+/(health/|metrics$|backlog$)",
    # A batch of the relay links to each of its events.
    "OTEL_SPAN_LINK_COUNT_LIMIT": "10000",
}


class _Ids(trace.NoOpTracer):
    """Records nothing, but gives every span an id, which its logs and events carry."""

    def start_span(self, name: str, context: Context | None = None, *_: Any, **__: Any) -> Span:
        """A span below the one in `context`. A trace that begins here is marked as sampled, so
        that services which do export record their part of it."""
        parent = trace.get_current_span(context).get_span_context()
        ids = (parent.trace_id or random.getrandbits(128), random.getrandbits(64))
        flags = parent.trace_flags if parent.is_valid else TraceFlags(TraceFlags.SAMPLED)
        return NonRecordingSpan(SpanContext(*ids, False, flags, parent.trace_state))


class _IdsOnly(trace.NoOpTracerProvider):
    """Used in place of OpenTelemetry's SDK."""

    def get_tracer(self, *_: Any, **__: Any) -> trace.Tracer:
        """A tracer that makes ids."""
        return _Ids()


def exports(settings: Settings) -> bool:
    """Whether this process exports its spans."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    if os.environ.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    return bool(settings.otel_exporter_otlp_endpoint or os.environ.get(TRACES_ENDPOINT))


@contextmanager
def tracing(service: str, settings: Settings, role: str) -> Iterator[None]:
    """Trace the block; its end exports what is left. Raises Misconfigured."""
    if not exports(settings):
        trace.set_tracer_provider(_IdsOnly())
        yield
        return
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    if settings.otel_exporter_otlp_endpoint:  # it may come from .env, which the SDK does not read
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = settings.otel_exporter_otlp_endpoint
    from .exporting import exporting

    with exporting(service, role):
        yield


def trace_requests(app: FastAPI) -> None:
    """Record a span for every request, but for probes and scrapes."""
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    FastAPIInstrumentor.instrument_app(app, exclude_spans=["receive", "send"])


def trace_statements(engine: AsyncEngine) -> None:
    """Record the SQL statements that run inside a recorded span.

    OpenTelemetry's own instrumentation would record those of every loop that polls as well, and
    quotes Postgres's errors, which may hold values.
    """
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
    connection.info[_SPAN] = _statements.start_span(operation, None, SpanKind.CLIENT, about)


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
