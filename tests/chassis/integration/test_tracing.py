"""Traces as a collector gets them from the real processes of two services."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from orders.chassis import roles
from orders.chassis.cli import main as cli
from orders.chassis.dev import create_database, drop_database
from orders.chassis.errors import Misconfigured
from orders.chassis.tracing import messaging
from orders.chassis.tracing.exporting import exporting
from orders.chassis.tracing.setup import DEFAULTS, exports

from ..collector import Collector, Span, collecting
from ..pipe import STREAM, Pipe, eventually
from ..processes import environment, started
from ..service import SERVICE, service

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
OTHER = "shop"
POSTED = "POST /probes/{number}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Where traces go."""
    with collecting() as collector:
        yield collector


@pytest.fixture
def settings(
    database_url: str, redis_url: str, key_prefix: str, collector: Collector
) -> dict[str, str]:
    """What the processes of the publishing service are given."""
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "KEY_PREFIX": key_prefix,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }


@pytest.fixture
async def other_database(template_database: tuple[str, str]) -> AsyncIterator[str]:
    """The database of another service."""
    server, template = template_database
    name = f"{template}_other"
    yield await create_database(server, name, template=template)
    await drop_database(server, name)


async def post(address: str, said: str) -> None:
    """Have an event emitted, in a trace of the caller's."""
    async with httpx.AsyncClient(base_url=address) as client:
        headers = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
        answer = await client.post("/probes/7", json={"text": said}, headers=headers)
        assert answer.status_code == 201


def only(spans: list[Span]) -> Span:
    """The only one of them."""
    (span,) = spans
    return span


async def test_an_event_is_followed_over_two_services_and_a_failure_is_seen_in_its_span(
    tmp_path: Path, settings: dict[str, str], other_database: str, collector: Collector
) -> None:
    limits = {"CONSUMER_MAX_ATTEMPTS": "2", "CONSUMER_VISIBILITY_TIMEOUT": "0.4"}
    other = settings | limits | {"DATABASE_URL": other_database, "OTEL_SERVICE_NAME": OTHER}
    async with (
        started("api", cwd=tmp_path, **settings) as api,
        started("relay", cwd=tmp_path, **settings),
        started("consumer", cwd=tmp_path, **other),
        started("relay", cwd=tmp_path, **other),
    ):
        await post(await api.address(), "tell")
        # The second ones are of what the other service told, and took in again.
        await eventually(lambda: arrived(collector, send=2, ack=2))
        check_the_path_of_an_event(collector)
        collector.spans.clear()
        await post(await api.address(), "ask hunter2")
        await eventually(lambda: arrived(collector, park=1, ack=1))

    tries = collector.named(f"process {STREAM}")
    assert [True, True] == [span.failed for span in tries]
    assert {"DBAPIError", "attempts"} == {span.attributes["error.type"] for span in tries}
    assert any(span.failed for span in collector.named("SELECT", parent=tries[0].span_id))
    assert "hunter2" not in "".join(span.raw for span in collector.spans)


async def arrived(collector: Collector, **operations: int) -> bool:
    """Whether so many spans of these operations are there, and that of the request."""
    there = {name: len(collector.named(f"{name} {STREAM}")) for name in operations}
    return there == operations and bool(collector.named(POSTED))


def check_the_path_of_an_event(collector: Collector) -> None:
    """One trace leads from the request to what the other service told; nothing else is there."""
    request = only(collector.named(POSTED))
    assert (request.trace_id, request.parent, request.kind) == (TRACE, CALLER, "SERVER")
    assert request.attributes["http.route"] == "/probes/{number}"
    assert request.attributes["http.response.status_code"] == 201

    created = only(collector.named(f"create {STREAM}", service=SERVICE))
    assert (created.trace_id, created.parent, created.kind) == (TRACE, request.span_id, "PRODUCER")
    sent = only(collector.named(f"send {STREAM}", service=SERVICE))
    assert (sent.trace_id != TRACE, sent.kind) == (True, "CLIENT")
    assert [created.span_id] == sent.links

    processed = only(collector.named(f"process {STREAM}", parent=created.span_id))
    assert (processed.service, processed.trace_id, processed.kind) == (OTHER, TRACE, "CONSUMER")
    assert [created.span_id] == processed.links
    acknowledged = only(collector.named(f"ack {STREAM}", parent=created.span_id))
    assert (acknowledged.trace_id, acknowledged.kind) == (TRACE, "CLIENT")

    told = only(collector.named(f"create {STREAM}", service=OTHER))
    assert (told.trace_id, told.parent) == (TRACE, processed.span_id)
    assert [told.span_id] == only(collector.named(f"send {STREAM}", service=OTHER)).links

    message = created.attributes["messaging.message.id"]
    assert {
        "messaging.system": "redis",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": STREAM,
        "messaging.consumer.group.name": SERVICE,
        "messaging.client.id": acknowledged.attributes["messaging.client.id"],
        "messaging.message.id": message,
        "messaging.message.conversation_id": message,
        "cloudevents.event_type": f"{SERVICE}.Probed.v1",
    } == processed.attributes
    assert message == told.attributes["messaging.message.conversation_id"]
    assert {"ack", "settle"} == {
        acknowledged.attributes[f"messaging.operation.{what}"] for what in ("name", "type")
    }

    inserted = collector.named("INSERT", parent=request.span_id)
    assert "INSERT INTO outbox" in only(inserted).attributes["db.query.text"]
    polls = {span.name for span in collector.spans if not span.parent} - {f"send {STREAM}"}
    assert set() == polls


async def test_what_was_not_exported_yet_is_exported_at_the_end(
    tmp_path: Path, settings: dict[str, str], collector: Collector
) -> None:
    late = settings | {
        "OTEL_BSP_SCHEDULE_DELAY": "600000",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=tests",
    }
    async with started("api", cwd=tmp_path, **late) as api:
        await post(await api.address(), "")
        assert not collector.spans
        api.send(signal.SIGTERM)
        assert await api.ended() == 0

    about = only(collector.named(POSTED)).resource
    assert (SERVICE, version(SERVICE)) == (about["service.name"], about["service.version"])
    assert about["service.instance.id"].startswith("api:")
    assert about["deployment.environment.name"] == "tests"


async def test_a_collector_that_is_away_is_logged_once_and_delays_nothing(
    tmp_path: Path, settings: dict[str, str], collector: Collector
) -> None:
    with collecting() as another:
        away = another.url
    quick = settings | {"OTEL_EXPORTER_OTLP_ENDPOINT": away, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    async with started("api", cwd=tmp_path, **quick) as api:
        for _ in range(3):
            await post(await api.address(), "")
            await api.logged("traces.export_failed")
            await asyncio.sleep(0.1)  # the next batch
        with collecting(int(away.rpartition(":")[2])) as back:
            await post(await api.address(), "")
            await api.logged("traces.export_recovered")
            await eventually(lambda: asyncio.sleep(0, bool(back.named(POSTED))))
        await post(await api.address(), "")
        api.send(signal.SIGTERM)
        assert await api.ended(seconds=8) == 0

    told = [line for line in api.lines if line["event"] not in ("http.request", "http.listening")]
    assert ["traces.export_failed", "traces.export_recovered"] == [
        line["event"] for line in told[:2]
    ]
    assert {"traces.export_failed", "process.stopping"} == {line["event"] for line in told[2:]}


def test_a_large_batch_links_to_each_of_its_events(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in DEFAULTS.items():
        monkeypatch.setenv(name, value)
    provider, spans = TracerProvider(shutdown_on_exit=False), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(messaging, "_tracer", provider.get_tracer("tests"))
    with provider.get_tracer("tests").start_as_current_span("request"):
        events = [messaging.created(STREAM, {"ce_id": str(number)}) for number in range(500)]

    with messaging.sending(STREAM, events):
        pass

    sent = spans.get_finished_spans()[-1]
    assert len({link.context.span_id for link in sent.links}) == 500
    assert sent.attributes
    assert sent.attributes["messaging.batch.message_count"] == 500


def test_another_protocol_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")

    with pytest.raises(Misconfigured, match="by http/protobuf only"), exporting(SERVICE, "api"):
        pass


async def test_where_nothing_is_exported_events_and_logs_bear_the_trace_all_the_same(
    tmp_path: Path, pipe: Pipe, settings: dict[str, str], collector: Collector
) -> None:
    off = settings | {"OTEL_SDK_DISABLED": "true"}
    async with started("api", cwd=tmp_path, **off) as api:
        await post(await api.address(), "")
        told = await api.logged("http.request", method="POST")

    assert (TRACE, 16) == (told["trace_id"], len(told["span_id"]))
    (row,) = await pipe.rows("SELECT attributes FROM outbox")
    version, trace_id, span_id, flags = row.attributes["ce_traceparent"].split("-")
    assert ("00", TRACE, "01") == (version, trace_id, flags)
    assert len({span_id, told["span_id"], CALLER}) == 3
    assert not collector.spans


@pytest.mark.parametrize(
    ("variables", "on"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "True"}, False),
    ],
)
def test_traces_are_exported_where_there_is_a_place_for_them(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], on: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert on == exports(
        service.load_settings(database_url="postgresql://db/o", redis_url="redis://r")
    )


async def test_where_nothing_is_exported_nothing_of_the_sdk_is_imported(tmp_path: Path) -> None:
    """It takes as long as everything else that a role imports."""
    modules = [cli.__name__, *(f"{roles.__name__}.{role}" for role in ("api", "relay", "consumer"))]
    code = (
        f"import chassis, sys, {', '.join(modules)}\n"
        "parts = ('sdk.trace', 'exporter', 'instrumentation', 'proto')\n"  # redis-py has the rest
        "print([m for m in sys.modules for part in parts if m == f'opentelemetry.{part}'])"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        cwd=tmp_path,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()

    assert printed == b"[]\n"
