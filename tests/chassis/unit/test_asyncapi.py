"""The AsyncAPI document: who sends and who receives what, and how it looks on the wire."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from urllib.parse import unquote

import pytest
from opentelemetry import trace
from pydantic import BaseModel, Field, create_model

from orders.chassis.contracts.asyncapi import ATTRIBUTES, document
from orders.chassis.contracts.contract import contract_of
from orders.chassis.contracts.schema import Schema
from orders.chassis.messaging.envelope import parse
from orders.chassis.messaging.events import DomainEvent, EventType
from orders.chassis.messaging.outbox import Outbox
from orders.chassis.tracing.messaging import continued

from ..pipe import Probed
from ..service import SERVICE, service
from .test_envelope import GOOD

# As a fragment of a URI: nothing else in it may mean anything else.
POINTER = r"#(/([a-zA-Z0-9_.-]|~[01]|%[0-9A-F]{2})+)+"
ABOUT = {"version": "1.2.3"}


class Cat(BaseModel):
    """One of two that are told apart by a field."""

    kind: Literal["cat"]


class Dog(BaseModel):
    """The other."""

    kind: Literal["dog"]


ANIMAL = Annotated[Cat | Dog, Field(discriminator="kind")]


def contract(publisher: str, *, version: int = 1, stream: str = "", **fields: Any) -> Schema:
    """The contract of an event that no registry knows."""
    made: type[DomainEvent] = create_model("Told", __base__=DomainEvent, **fields)
    made.event_type = EventType(publisher, "Told", version, stream or publisher)
    return contract_of(made)


def told(*contracts: Schema, handled: str = "") -> dict[str, Any]:
    """The document of these contracts."""
    by_type = {told["x-eventsmith"]["type"]: told for told in contracts}
    return document(service.name, by_type, {handled}, ABOUT)


def references(part: Any) -> Iterator[str]:
    """Every reference in a document."""
    if isinstance(part, dict):
        yield from ([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
        part = list(part.values())
    for inner in part if isinstance(part, list) else ():
        yield from references(inner)


def at(whole: Any, reference: str) -> Any:
    """What a reference leads to."""
    assert reference.startswith("#/")
    for name in reference[2:].split("/"):
        whole = whole[unquote(name).replace("~1", "/").replace("~0", "~")]
    return whole


def test_own_events_are_sent_and_handled_ones_received() -> None:
    own, foreign = contract(SERVICE), contract("elsewhere")

    found = told(own, foreign, contract("unheard"), handled="elsewhere.Told.v1")

    assert {
        "receive.elsewhere.Told.v1": "receive",
        f"send.{SERVICE}.Told.v1": "send",
    } == {name: operation["action"] for name, operation in found["operations"].items()}
    assert sorted(["elsewhere", SERVICE]) == list(found["channels"])


def test_an_own_event_that_is_handled_is_sent_and_received() -> None:
    found = told(contract(SERVICE), handled=f"{SERVICE}.Told.v1")

    assert [f"send.{SERVICE}.Told.v1", f"receive.{SERVICE}.Told.v1"] == list(found["operations"])


def test_a_service_without_events_has_a_document() -> None:
    found = told()

    assert ({}, {}) == (found["channels"], found["operations"])
    assert {"title": SERVICE, "version": "1.2.3"} == found["info"]


def test_versions_of_one_event_are_messages_of_one_channel() -> None:
    found = told(contract(SERVICE, version=2), contract(SERVICE))

    names = [f"{SERVICE}.Told.v1", f"{SERVICE}.Told.v2"]
    assert names == list(found["channels"][SERVICE]["messages"])
    assert names == list(found["components"]["messages"])


def test_the_order_of_the_classes_makes_no_difference() -> None:
    contracts = [contract(name, stream="shared") for name in (SERVICE, "a", "b")]

    assert json.dumps(told(*contracts)) == json.dumps(told(*reversed(contracts)))


@pytest.mark.parametrize("stream", ["orders", "a/b", "~parked", "100%", "a#b", "größe"])
def test_every_reference_leads_somewhere(stream: str) -> None:
    found = told(contract(SERVICE, stream=stream, animal=(ANIMAL, ...), cats=(list[Cat], [])))

    leads = [at(found, reference) for reference in references(found)]

    assert all(re.fullmatch(POINTER, reference) for reference in references(found))
    assert found["channels"][stream] in leads
    assert {"const": "dog", "type": "string"} in [
        lead.get("properties", {}).get("kind") for lead in leads
    ]


def test_schemas_are_of_draft_7() -> None:
    line = (Cat, Field(Cat(kind="cat"), description="A cat."))
    fields: dict[str, Any] = {
        "line": line,
        "place": (tuple[int, Cat], ...),
        "animal": (ANIMAL, ...),
    }

    schema = told(contract(SERVICE, **fields))["components"]["schemas"][f"{SERVICE}.Told.v1"]

    reference = {"$ref": f"#/components/schemas/{SERVICE}.Told.v1.Cat"}
    assert not {"$schema", "$defs"} & schema.keys()
    assert ["oneOf"] == list(schema["properties"]["animal"])
    assert [reference] == schema["properties"]["line"]["allOf"]
    assert [{"type": "integer"}, reference] == schema["properties"]["place"]["items"]


def test_what_is_published_has_the_attributes_that_are_told() -> None:
    headers = {"traceparent": f"00-{'1' * 32}-{'2' * 16}-01", "tracestate": "a=b"}
    with trace.use_span(continued(headers)):
        row = Outbox(SERVICE, 100_000, lambda: None).row(Probed(aggregate_id="a"), parse(GOOD))

    assert row.attributes.keys() == ATTRIBUTES["properties"].keys()
    assert {name.decode() for name in GOOD} >= set(ATTRIBUTES["required"])


def test_attributes_say_whose_event_of_which_type_it_is() -> None:
    [message] = told(contract(SERVICE))["components"]["messages"].values()

    assert {
        "ce_source": {"const": SERVICE},
        "ce_type": {"const": f"{SERVICE}.Told.v1"},
    } == message["headers"]["properties"]
