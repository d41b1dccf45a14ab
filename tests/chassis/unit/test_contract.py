"""The contract of a class: what its payload looks like on the wire, always told the same way."""

import json
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import (
    AliasChoices,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    create_model,
)
from pydantic.alias_generators import to_camel

from orders.chassis.contracts.contract import contract_of, text_of
from orders.chassis.errors import Misconfigured
from orders.chassis.messaging.events import DomainEvent, EventType

from ..service import SERVICE


def event_of(
    *, base: type[DomainEvent] = DomainEvent, doc: str | None = None, **fields: Any
) -> Any:
    """A class with these fields, which no registry knows."""
    made = create_model("Told", __base__=base, __doc__=doc, **fields)
    made.event_type = EventType(SERVICE, "Told", 2, "aloud")
    return made


def property_of(annotation: Any, default: Any = ...) -> Any:
    """What the contract says of one field."""
    return contract_of(event_of(told=(annotation, default)))["properties"]["told"]


class Color(StrEnum):
    """What it looks like."""

    RED = "red"
    BLUE = "blue"


class Price(BaseModel):
    """What it costs."""

    title: str
    amount: Decimal = Field(gt=0, max_digits=10, decimal_places=2)


class Tree(DomainEvent):
    """An event that holds events of its own kind."""

    event_type = EventType(SERVICE, "Tree", 1, SERVICE)
    below: "list[Tree] | None" = None


def test_the_payload_is_told_without_the_attributes_that_travel_beside_it() -> None:
    event = event_of(doc="It was told.\n\n    Aloud.", size=(int, ...), note=(str | None, None))

    assert text_of(contract_of(event)) == (
        json.dumps(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "title": "Told",
                "description": "It was told.\n\nAloud.",
                "type": "object",
                "properties": {
                    "size": {"type": "integer"},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
                },
                "required": ["size"],
                "x-eventsmith": {"type": f"{SERVICE}.Told.v2", "version": 2, "stream": "aloud"},
            },
            indent=2,
        )
        + "\n"
    )


def test_an_event_without_fields_has_no_properties_and_nothing_that_is_required() -> None:
    contract = contract_of(event_of())

    assert {} == contract["properties"]
    assert "required" not in contract
    assert "description" not in contract


@pytest.mark.parametrize(
    ("annotation", "told"),
    [
        (str, {"type": "string"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (Decimal, {"type": "string", "format": "decimal"}),
        (UUID, {"type": "string", "format": "uuid"}),
        (AwareDatetime, {"type": "string", "format": "date-time"}),
        (date, {"type": "string", "format": "date"}),
        (JsonValue, {}),
        (list[JsonValue], {"type": "array", "items": {}}),
        (list[Decimal], {"type": "array", "items": {"type": "string", "format": "decimal"}}),
        (JsonValue | None, {"anyOf": [{}, {"type": "null"}]}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (Annotated[str, Field(max_length=3)], {"type": "string", "maxLength": 3}),
        (Annotated[str, Field(title="Name")], {"title": "Name", "type": "string"}),
        (Color, {"$ref": "#/$defs/Color"}),
    ],
)
def test_a_field_is_told_as_it_is_on_the_wire(annotation: Any, told: Any) -> None:
    assert json.dumps(told) == json.dumps(property_of(annotation))


def test_bounds_of_a_decimal_are_told() -> None:
    bounds = Field(gt=0, le=Decimal("9.5"), max_digits=10, decimal_places=2)

    told = {
        "type": "string",
        "format": "decimal",
        "exclusiveMinimum": 0,
        "maximum": 9.5,
        "x-decimal-places": 2,
        "x-max-digits": 10,
    }
    assert json.dumps(told) == json.dumps(property_of(Annotated[Decimal, bounds]))


def test_any_json_needs_no_definition() -> None:
    assert "$defs" not in contract_of(event_of(told=(JsonValue, ...)))


def test_what_is_kept_from_the_wire_is_not_told() -> None:
    kept = Field("", exclude=True, serialization_alias="never")

    assert {} == contract_of(event_of(kept=(str, kept)))["properties"]


def test_what_is_nested_is_defined_once_without_titles_made_from_names() -> None:
    contract = contract_of(
        event_of(price=(Price, ...), prices=(list[Price], ...), color=(Color, ...))
    )

    assert ["Color", "Price"] == list(contract["$defs"])
    assert {
        "description": "What it looks like.",
        "type": "string",
        "enum": ["red", "blue"],
    } == contract["$defs"]["Color"]
    assert {"type": "string"} == contract["$defs"]["Price"]["properties"]["title"]
    assert "title" not in contract["$defs"]["Price"]


def test_a_class_that_refers_to_itself_has_a_contract() -> None:
    contract = contract_of(Tree)

    assert ["below"] == list(contract["properties"])
    assert {"$ref": "#/$defs/Tree"} == contract["properties"]["below"]["anyOf"][0]["items"]


class Camel(DomainEvent):
    """Events of somebody who writes in camel case."""

    model_config = ConfigDict(alias_generator=to_camel)


def test_a_field_is_written_read_and_told_by_its_alias() -> None:
    event = event_of(base=Camel, customer_id=(str, ...))
    told = event(aggregate_id="a", customer_id="ada")
    identity = {"event_id": told.event_id, "aggregate_id": "a", "occurred_at": told.occurred_at}

    assert ["customerId"] == contract_of(event)["required"]
    assert {"customerId": "ada"} == json.loads(told.data())
    assert told == event.of(identity, json.loads(told.data()))
    with pytest.raises(ValidationError):
        event.of(identity, {"customer_id": "ada"})


def test_a_field_that_would_not_be_read_as_it_is_written_is_refused() -> None:
    event = event_of(size=(int, Field(serialization_alias="length")))

    with pytest.raises(Misconfigured, match="field size as 'length'"):
        contract_of(event)


def test_a_field_may_be_read_by_a_name_it_had_before() -> None:
    names = Field(validation_alias=AliasChoices("length", "size"), serialization_alias="length")

    assert ["length"] == contract_of(event_of(size=(int, names)))["required"]


def test_what_has_no_schema_is_refused_in_one_line() -> None:
    class Opaque:
        """Nothing that JSON knows."""

    class Careless(DomainEvent):
        model_config = ConfigDict(arbitrary_types_allowed=True)

    with pytest.raises(Misconfigured, match=rf"{SERVICE}\.Told\.v2 has no JSON Schema: .+"):
        contract_of(event_of(base=Careless, told=(Opaque, ...)))
