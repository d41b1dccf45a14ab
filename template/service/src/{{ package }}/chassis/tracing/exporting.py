"""The export of spans by OTLP over HTTP, on a thread of its own. A collector that does not answer
costs the spans, and one line in the log.
"""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from threading import Thread

import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

from ..errors import Misconfigured

FLUSH_TIMEOUT = 3.0
"""Seconds that a process which ends gives to what has not been exported yet."""
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")

log = structlog.get_logger()


class LogFirstFailure(OTLPSpanExporter):
    """Logs when exporting begins to fail and when it works again, not each batch that is lost."""

    _failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export a batch; one that fails is lost."""
        result = super().export(spans)
        failing = result is not SpanExportResult.SUCCESS
        if failing and not self._failing:
            log.warning("traces.export_failed", count=len(spans))
        elif self._failing and not failing:
            log.info("traces.export_recovered")
        self._failing = failing
        return result


@contextmanager
def exporting(service: str, role: str) -> Iterator[None]:
    """Export the spans of the block. Raises Misconfigured."""
    for name in _PROTOCOLS:
        if os.environ.get(name, "http/protobuf") != "http/protobuf":
            raise Misconfigured(f"{name}: this service exports by http/protobuf only")
    provider = TracerProvider(resource=_resource(service, role), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(LogFirstFailure()))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        flushing = Thread(target=provider.shutdown, daemon=True)
        flushing.start()
        flushing.join(FLUSH_TIMEOUT)


def _resource(service: str, role: str) -> Resource:
    """Who this is, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES say something else."""
    about = {
        "service.name": service,
        "service.version": version(service),
        "service.instance.id": f"{role}:{socket.gethostname()}:{os.getpid()}",
    }
    return Resource.create(about).merge(OTELResourceDetector().detect())
