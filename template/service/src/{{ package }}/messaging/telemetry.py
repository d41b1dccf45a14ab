"""What the pipe tells the outside: trace context on the wire, and Prometheus metrics."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram
from structlog.contextvars import bound_contextvars

_IN_URL = re.compile(r"(://[^\s:/@]{0,64}:)[^\s/]{1,256}(?=@)")
_NAMED = re.compile(
    r"""((?:passw(?:or)?d|pwd|secret|token|api[_-]?key|private[_-]?key|authorization"""
    r"""|cookie)[\w-]{0,64}["']?\s{0,4}[=:]\s{0,4})"""
    r"""((?:bearer|basic|digest)\s+\S+|"[^"]*"|'[^']*'|[^\s,;&]+)""",
    re.IGNORECASE,
)
_W3C = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("messaging")

OUTBOX_PENDING = Gauge("outbox_pending", "Events waiting to be published, counted to 100,000")
OUTBOX_OLDEST_AGE = Gauge("outbox_oldest_age_seconds", "Age of the oldest event not yet published")
RELAY_PUBLISHED = Counter("relay_published_total", "Events published", ["stream"])
RELAY_FAILED = Counter("relay_failed_total", "Batches that failed", ["cause"])
RELAY_BATCH = Histogram("relay_batch_seconds", "Time from reading a batch to its commit")
LOST_WRITES = Counter("outbox_lost_writes_total", "Published events that Redis had lost")
DELIVERIES = Counter(
    "consumer_deliveries_total", "Entries settled, by how", ["stream", "settlement"]
)
HANDLED = Counter("consumer_handled_total", "Runs of handlers, by outcome", ["handler", "outcome"])
HANDLER_SECONDS = Histogram("consumer_handler_seconds", "Duration of handlers", ["handler"])
LEASE_LOST = Counter("consumer_lease_lost_total", "Entries taken over while running", ["stream"])
TRIMMED = Counter("consumer_trimmed_pending_total", "Pending entries found trimmed", ["stream"])
RUNNING = Gauge("consumer_running", "Events being handled now", ["stream"])
STREAM_TRIMMED = Counter("janitor_trimmed_total", "Entries trimmed", ["stream"])
STREAM_CUT = Counter(
    "janitor_cut_total", "Entries cut though a group needed them", ["stream", "group", "state"]
)
PURGED = Counter("janitor_purged_total", "Rows deleted for their age", ["table"])
CONSUMERS_REMOVED = Counter("janitor_consumers_removed_total", "Absent consumers", ["stream"])
JANITOR_FAILED = Counter("janitor_failed_total", "Steps that failed", ["step"])
DEAD = Counter("consumer_dead_letters_total", "Events given up", ["handler", "reason"])


def start_tracing() -> None:
    """Give every span a real id, so that logs and events carry one even if none is exported."""
    trace.set_tracer_provider(TracerProvider())


def trace_fields() -> dict[str, str]:
    """The current trace context as CloudEvents attributes; empty outside of a trace."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return {f"ce_{name}": value for name, value in carrier.items()}


@contextmanager
def span(
    name: str, kind: SpanKind, carrier: Mapping[str, str] | None = None, **context: object
) -> Iterator[Span]:
    """A span below the trace context in `carrier` (`traceparent`, `tracestate`), if any.

    Lines logged inside bear its `trace_id` and `context`.
    """
    parent = _W3C.extract(carrier or {})
    with _tracer.start_as_current_span(name, parent, kind) as current:
        trace_id = trace.format_trace_id(current.get_span_context().trace_id)
        with bound_contextvars(trace_id=trace_id, **context):
            yield current


def without_secrets(text: str) -> str:
    """The text with passwords in URLs and values of telling names struck out."""
    return _NAMED.sub(r"\1***", _IN_URL.sub(r"\1***", text))
