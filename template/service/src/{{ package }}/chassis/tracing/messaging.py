"""The trace of an event: OpenTelemetry's spans for messaging, and the context on the wire.

An event is created in one trace, which it carries. Sending it belongs to a batch and only links to
that trace; processing and acknowledging it belong to it, unless several events are handled
together.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_W3C = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("messaging")
Attributes = Mapping[str, str]
"""The `ce_*` attributes of an event, of which its trace context is read."""
ACKNOWLEDGEMENTS = ("ack", "park")


class _CloudEvents(Getter[Attributes]):
    """Finds the trace context among the attributes of an event."""

    def get(self, carrier: Attributes, key: str) -> list[str] | None:
        value = carrier.get(f"ce_{key}")
        return None if value is None else [value]

    def keys(self, carrier: Attributes) -> list[str]:
        return list(carrier)


_CLOUD_EVENTS = _CloudEvents()


def continued(headers: Mapping[str, str]) -> Span:
    """A span in the trace of whoever sent these HTTP headers, or in a new one."""
    return _tracer.start_span("request", _W3C.extract(headers), SpanKind.SERVER)


def created(stream: str, event: Attributes) -> dict[str, str]:
    """Note that an event was created; the trace context that it carries from now on, as
    attributes. Empty where nobody traces."""
    span = _tracer.start_span(f"create {stream}", kind=SpanKind.PRODUCER)
    if span.is_recording():
        _describe(span, _about("create", stream), [event])
    carrier: dict[str, str] = {}
    _W3C.inject(carrier, trace.set_span_in_context(span))
    span.end()
    return {f"ce_{name}": value for name, value in carrier.items()}


def sending(stream: str, events: Iterable[Attributes]) -> AbstractContextManager[None]:
    """The publishing of a batch, which links to the trace of each of its events. They are looked
    at only where somebody traces."""
    return _span("send", stream, events, SpanKind.CLIENT, parent=Context())


def processing(
    stream: str, events: Sequence[Attributes], group: str = "", consumer: str = ""
) -> AbstractContextManager[None]:
    """The handling of a delivery: a single event's belongs to the trace that it came with."""
    parent, reader = _parent(events), (group, consumer)
    return _span("process", stream, events, SpanKind.CONSUMER, parent=parent, reader=reader)


def acknowledging(
    operation: str, stream: str, events: Sequence[Attributes], group: str, consumer: str
) -> AbstractContextManager[None]:
    """The end of a delivery in Redis: `ack` or `park`."""
    parent, reader = _parent(events), (group, consumer)
    return _span(operation, stream, events, SpanKind.CLIENT, parent=parent, reader=reader)


def failed(error_type: str) -> None:
    """Note on the current span that it failed. An error's text may hold values: it stays away."""
    span = trace.get_current_span()
    span.set_attribute("error.type", error_type)
    span.set_status(StatusCode.ERROR)


def _about(operation: str, stream: str, group: str = "", consumer: str = "") -> dict[str, str]:
    about = {
        "messaging.system": "redis",
        "messaging.operation.name": operation,
        "messaging.operation.type": "settle" if operation in ACKNOWLEDGEMENTS else operation,
        "messaging.destination.name": stream,
    }
    if group:
        about |= {"messaging.consumer.group.name": group, "messaging.client.id": consumer}
    return about


def _describe(span: Span, about: Mapping[str, str], events: Sequence[Attributes]) -> None:
    span.set_attributes(about)
    if len(events) == 1:
        event_id = events[0].get("ce_id", "")
        conversation = events[0].get("ce_correlationid", event_id)
        span.set_attribute("messaging.message.id", event_id)
        span.set_attribute("messaging.message.conversation_id", conversation)
        span.set_attribute("cloudevents.event_type", events[0].get("ce_type", ""))
    else:
        span.set_attribute("messaging.batch.message_count", len(events))
    for event in events:
        creation = trace.get_current_span(_extracted(event)).get_span_context()
        if creation.is_valid:
            span.add_link(creation)


def _parent(events: Sequence[Attributes]) -> Context:
    return _extracted(events[0]) if len(events) == 1 else Context()


def _extracted(event: Attributes) -> Context:
    return _W3C.extract(event, getter=_CLOUD_EVENTS)


@contextmanager
def _span(
    operation: str,
    stream: str,
    events: Iterable[Attributes],
    kind: SpanKind,
    *,
    parent: Context,
    reader: tuple[str, str] = ("", ""),
) -> Iterator[None]:
    span = _tracer.start_span(f"{operation} {stream}", parent, kind)
    if span.is_recording():
        _describe(span, _about(operation, stream, *reader), list(events))
    with trace.use_span(
        span, end_on_exit=True, record_exception=False, set_status_on_exception=False
    ):
        try:
            yield
        except Exception as error:
            failed(type(error).__name__)
            raise
