"""Contracts in a generated service: what is rendered is what its classes say, and all is valid."""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from pytest_copie.plugin import Copie

import forbidden_names
from conftest import ROOT
from events import every_event
from rendering import MAIN, render
from running import Installed, install

EVENTS = every_event()
HANDLER = '''
"""Reacts to another service's event."""

from ..chassis import UnitOfWork, handles
from ..events import {module} as contract


@handles(contract.{name}, name="{module}")
async def react(event: contract.{name}, uow: UnitOfWork) -> None:
    """Do nothing."""
'''.lstrip()
RICH = '''
"""An event that says more than add-event can."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ..chassis import DomainEvent, event


class Color(StrEnum):
    """What it looks like."""

    RED = "red"


class Card(BaseModel):
    """Paid at once."""

    kind: Literal["card"]


class Bill(BaseModel):
    """Paid later."""

    kind: Literal["bill"]
    before: "list[Bill]" = []


@event("orders.Rich.v1")
class Rich(DomainEvent):
    """It was rich."""

    amount: Annotated[Decimal, Field(gt=0, max_digits=9, decimal_places=2)]
    colors: dict[Color, int]
    paid: Annotated[Card | Bill, Field(discriminator="kind")]
    place: tuple[int, Color]
    card: Card = Field(Card(kind="card"), description="A card.")
    number: str = Field("1", alias="orderNumber", max_length=3)
'''.lstrip()
RICH_PAYLOAD = {
    "amount": "0.10",
    "colors": {"red": 1},
    "paid": {"kind": "bill", "before": [{"kind": "bill", "before": []}]},
    "place": [1, "red"],
    "card": {"kind": "card"},
    "orderNumber": "17",
}
PAYLOADS = {event.type: event.payload for event in EVENTS} | {"orders.Rich.v1": RICH_PAYLOAD}
# Reads each payload, and writes what came of it.
AGAIN = """
import json, pathlib, sys
from orders.chassis.messaging.events import registered_events
from orders.service import service
service.discover()
for name, payload in json.loads(pathlib.Path(sys.argv[1]).read_bytes()).items():
    event = registered_events()[name].of({"aggregate_id": "a"}, payload)
    print(json.dumps([name, json.loads(event.data())]))
"""


@pytest.fixture(scope="module")
def grown(copie_session: Copie) -> Installed:
    """Return the service with its example, and with every event there can be."""
    service = install(render(copie_session, "grown", MAIN["default"]).folder)
    package = service.folder / "src" / "orders"
    for event in EVENTS:
        (package / "events" / f"{event.module}.py").write_text(event.rendered("event.py"), "utf-8")
    foreign = next(event for event in EVENTS if event.name == "Foreign")
    handler = HANDLER.format(module=foreign.module, name=foreign.name)
    (package / "handlers" / f"{foreign.module}.py").write_text(handler)
    (package / "events" / "rich.py").write_text(RICH)
    service.run("orders", "contracts", "export")
    return service


@pytest.fixture(scope="module")
def empty(copie_session: Copie) -> Installed:
    """Return the service that has no event yet."""
    return install(render(copie_session, "without-events", MAIN["empty"]).folder)


@cache
def asyncapi_schema() -> Any:
    """Return the official JSON Schema."""
    return json.loads(gzip.decompress((ROOT / "tests/schemas/asyncapi-3.0.0.json.gz").read_bytes()))


def asyncapi(service: Installed) -> Any:
    """Return the document that a service prints, if it is valid."""
    document = json.loads(service.run("orders", "asyncapi"))
    problems = [error.message for error in Draft7Validator(asyncapi_schema()).iter_errors(document)]
    assert problems == []
    return document


def contract(service: Installed, name: str) -> Path:
    """Return where the snapshot of an event is."""
    return service.folder / "contracts" / f"{name}.json"


def test_what_is_rendered_is_what_the_classes_export(grown: Installed) -> None:
    for event in EVENTS:
        assert contract(grown, event.type).read_text("utf-8") == event.rendered("contract.json")


def test_an_event_is_clean_whatever_its_fields_are_called(grown: Installed) -> None:
    grown.run("ruff", "check", "src/orders/events")
    grown.run("ruff", "format", "--check", "--diff", "src/orders/events")
    grown.run("mypy", "src/orders/events")


def test_an_event_reads_and_writes_what_its_contract_says(grown: Installed, tmp_path: Path) -> None:
    payloads = tmp_path / "payloads.json"
    payloads.write_text(json.dumps(PAYLOADS))

    lines = grown.run("python", "-W", "error", "-c", AGAIN, str(payloads)).splitlines()

    assert dict(json.loads(line) for line in lines) == PAYLOADS
    for name, payload in PAYLOADS.items():
        schema = json.loads(contract(grown, name).read_text("utf-8"))
        Draft202012Validator.check_schema(schema)
        Draft202012Validator(schema).validate(payload)


def test_asyncapi_is_valid_whatever_the_events_are(grown: Installed) -> None:
    document = asyncapi(grown)

    operations = document["operations"]
    assert {"send.orders.Every.v1", "send.orders.Every.v2"} <= operations.keys()
    assert [name for name in operations if "web-shop" in name] == ["receive.web-shop.Foreign.v1"]
    assert {"orders", "other.stream", "web-shop"} == document["channels"].keys()


def test_payloads_are_valid_by_the_asyncapi_document(grown: Installed) -> None:
    document = asyncapi(grown)

    for name in document["components"]["messages"].keys() & PAYLOADS.keys():
        payload = Draft7Validator(document).evolve(schema={"$ref": f"#/components/schemas/{name}"})
        payload.validate(PAYLOADS[name])


def test_asyncapi_is_valid_without_events(empty: Installed) -> None:
    assert asyncapi(empty)["channels"] == {}


def test_a_service_without_events_passes_the_check(empty: Installed) -> None:
    assert empty.run("orders", "contracts", "check")


def test_no_field_can_hide_what_every_event_has(grown: Installed) -> None:
    code = "from orders.chassis import DomainEvent as E; print(*dir(E), *E.model_fields)"
    taken = forbidden_names.usable(grown.run("python", "-c", code).split())

    assert forbidden_names.missing({"event_attributes": taken}) == {"event_attributes": set()}


def test_the_names_of_what_every_event_has_are_written_down() -> None:
    found = {"event_attributes": forbidden_names.event_attributes()}

    assert forbidden_names.missing(found) == {"event_attributes": set()}
