"""The trace of an event: OpenTelemetry's spans for messaging, and the context on the wire.

An event is created in one trace, which it carries. Sending it belongs to a batch and only links to
that trace; processing and acknowledging it belong to it, unless several events are handled
together.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_W3C = TraceContextTextMapPropagator()
_ON_THE_WIRE = {f"ce_{name}": name for name in ("traceparent", "tracestate")}
_tracer = trace.get_tracer("messaging")
Attributes = Mapping[str, str]
"""The `ce_*` attributes of an event, of which its trace context is read."""


def continued(headers: Mapping[str, str]) -> Span:
    """A span in the trace of whoever sent these HTTP headers, or in a new one."""
    return _tracer.start_span("request", _W3C.extract(headers), SpanKind.SERVER)


def created(stream: str, event: Attributes) -> dict[str, str]:
    """Record that an event was created; the trace context that it carries from now on, as
    attributes. Empty where there is no tracing."""
    span = _tracer.start_span(f"create {stream}", kind=SpanKind.PRODUCER)
    if span.is_recording():
        _describe(span, "create", stream, [event])
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, trace.set_span_in_context(span))
    span.end()
    return {f"ce_{name}": value for name, value in carrier.items()}


def sending(stream: str, events: Iterable[Attributes]) -> AbstractContextManager[None]:
    """The publishing of a batch, which links to the trace of each of its events. The events are
    read only where spans are exported."""
    return _span("send", SpanKind.CLIENT, stream, events, Context())


def processing(
    stream: str, events: Sequence[Attributes], group: str = "", consumer: str = ""
) -> AbstractContextManager[None]:
    """The handling of a delivery: a single event's belongs to the trace that it came with."""
    parent, kind = _parent(events), SpanKind.CONSUMER
    return _span("process", kind, stream, events, parent, group=group, consumer=consumer)


def acknowledging(
    operation: str, stream: str, events: Sequence[Attributes], group: str, consumer: str
) -> AbstractContextManager[None]:
    """The end of a delivery in Redis: `ack` or `park`."""
    parent, kind = _parent(events), SpanKind.CLIENT
    return _span(operation, kind, stream, events, parent, group=group, consumer=consumer)


def failed(error_type: str) -> None:
    """Mark the current span as failed. The text of an error may hold values: it is left out."""
    span = trace.get_current_span()
    span.set_attribute("error.type", error_type)
    span.set_status(StatusCode.ERROR)


@contextmanager
def _span(
    operation: str,
    kind: SpanKind,
    stream: str,
    events: Iterable[Attributes],
    parent: Context,
    *,
    group: str = "",
    consumer: str = "",
) -> Iterator[None]:
    span = _tracer.start_span(f"{operation} {stream}", parent, kind)
    if span.is_recording():
        _describe(span, operation, stream, list(events), group=group, consumer=consumer)
    with trace.use_span(
        span, end_on_exit=True, record_exception=False, set_status_on_exception=False
    ):
        try:
            yield
        except Exception as error:
            failed(type(error).__name__)
            raise


def _describe(
    span: Span,
    operation: str,
    stream: str,
    events: Sequence[Attributes],
    *,
    group: str = "",
    consumer: str = "",
) -> None:
    about: dict[str, str | int] = {
        "messaging.system": "redis",
        "messaging.operation.name": operation,
        "messaging.operation.type": "settle" if operation in ("ack", "park") else operation,
        "messaging.destination.name": stream,
    }
    if group:
        about |= {"messaging.consumer.group.name": group, "messaging.client.id": consumer}
    if len(events) == 1:
        event_id = events[0].get("ce_id", "")
        about["messaging.message.id"] = event_id
        about["messaging.message.conversation_id"] = events[0].get("ce_correlationid", event_id)
        about["cloudevents.event_type"] = events[0].get("ce_type", "")
    else:
        about["messaging.batch.message_count"] = len(events)
    span.set_attributes(about)
    for event in events:
        creation = trace.get_current_span(_context(event)).get_span_context()
        if creation.is_valid:
            span.add_link(creation)


def _parent(events: Sequence[Attributes]) -> Context:
    return _context(events[0]) if len(events) == 1 else Context()


def _context(event: Attributes) -> Context:
    return _W3C.extract({name: event[at] for at, name in _ON_THE_WIRE.items() if at in event})
