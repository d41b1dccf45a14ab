"""What the consuming side of a contract looks like, and that it reads what was published."""

import json
import re
import subprocess
import sys
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, ValidationError

from importing import contract, contract_of, imported, loaded, module_of

STRING = {"type": "string"}
OBJECT = {"type": "object"}
ORDER = contract(
    {
        "customerId": {"type": "string", "format": "uuid"},
        "total": {"type": "string", "format": "decimal", "minimum": 0, "x-decimal-places": 2},
        "status": {"$ref": "#/$defs/Status", "default": "in-transit", "description": "Where."},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line-Output"}, "minItems": 1},
        "pays": {
            "oneOf": [{"$ref": "#/$defs/Card"}, {"$ref": "#/$defs/Bill"}],
            "discriminator": {
                "propertyName": "class",
                "mapping": {"card": "#/$defs/Card", "bill": "#/$defs/Bill"},
            },
        },
        "date": {
            "anyOf": [{"type": "string", "format": "date"}, {"type": "null"}],
            "default": None,
        },
        "email": {"anyOf": [{**STRING, "format": "email"}, {"type": "null"}]},
        "labels": {"type": "object", "additionalProperties": {"type": "integer"}},
        "tags": {"type": "array", "items": STRING, "uniqueItems": True, "default": ["a"]},
        "weight": {"type": "string", "format": "decimal", "default": "1.50"},
        "notes": {"type": "array", "items": STRING},
        "source": {"enum": ["web", "shop"], "type": "string"},
        "extra": {},
    },
    required=["customerId", "total", "lines", "pays", "email", "labels", "extra"],
    description="An order was created.",
    **{
        "$defs": {
            "Status": {
                "enum": ["new", "in-transit"],
                "description": "Where it is.",
                "type": "string",
            },
            "Line-Output": {
                "type": "object",
                "description": "What was ordered.",
                "properties": {
                    "sku": {**STRING, "pattern": r"^[A-Z]{3}-\d{4}$", "maxLength": 8},
                    "amount": {"type": "integer", "exclusiveMinimum": 0},
                },
                "required": ["sku", "amount"],
                "additionalProperties": False,
            },
            "Card": {"properties": {"class": {"const": "card", "default": "card"}}, **OBJECT},
            "Bill": {"properties": {"class": {"const": "bill", "default": "bill"}}, **OBJECT},
        }
    },
)
MODULE = '''\
"""The contract of orders.OrderCreated.v1."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.json_schema import SkipJsonSchema

from ..chassis import DomainEvent, event


class Status(StrEnum):
    """Where it is."""

    NEW = "new"
    IN_TRANSIT = "in-transit"


class LineOutput(BaseModel):
    """What was ordered."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"additionalProperties": False})

    sku: Annotated[str, Field(max_length=8, pattern=r"^[A-Z]{3}-\\d{4}$")]
    amount: Annotated[int, Field(gt=0)]


class Card(BaseModel):
    model_config = ConfigDict(frozen=True, validate_by_name=True)

    class_: Literal["card"] = Field(default="card", alias="class")


class Bill(BaseModel):
    model_config = ConfigDict(frozen=True, validate_by_name=True)

    class_: Literal["bill"] = Field(default="bill", alias="class")


@event("orders.OrderCreated.v1")
class OrderCreated(DomainEvent):
    """An order was created."""

    customer_id: UUID = Field(alias="customerId")
    total: Annotated[Decimal, Field(ge=0, decimal_places=2)]
    status: Status = Status.IN_TRANSIT
    lines: Annotated[list[LineOutput], Field(min_length=1)]
    pays: Annotated[Card | Bill, Field(discriminator="class_")]
    date_: date | None = Field(default=None, alias="date")
    email: Annotated[str, Field(json_schema_extra={"format": "email"})] | None
    labels: dict[str, int]
    tags: set[str] = Field(default=["a"], validate_default=True)
    weight: Decimal = Decimal("1.50")
    notes: list[str] = Field(default_factory=list)
    source: Literal["web", "shop"] | SkipJsonSchema[None] = Field(default_factory=lambda: None)
    extra: JsonValue
'''
SNAPSHOT = """\
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "OrderCreated",
  "description": "orders tells that this happened.",
  "type": "object",
  "properties": {
    "size": {
      "type": "integer",
      "default": 3,
      "minimum": 1
    },
    "name": {
      "type": "string"
    }
  },
  "required": [
    "name"
  ],
  "x-eventsmith": {
    "type": "orders.OrderCreated.v1",
    "version": 1,
    "stream": "orders"
  }
}
"""
PAYLOAD = {
    "customerId": "01930000-0000-7000-8000-000000000000",
    "total": "10.50",
    "lines": [{"sku": "ABC-0001", "amount": 2}],
    "pays": {"class": "bill"},
    "email": None,
    "labels": {"a": 1},
    "extra": {"a": [None, 1.5]},
}


def read(payload: dict[str, Any], event: type[BaseModel] | None = None) -> Any:
    """Return the event that a service makes of a payload."""
    event = event or loaded(imported(ORDER))
    return event.model_validate({**payload, "aggregate_id": "a"}, by_alias=True, by_name=False)


def test_the_consuming_side_reads_as_if_it_had_been_written_by_hand() -> None:
    assert module_of(imported(ORDER)) == MODULE


def test_the_snapshot_is_what_the_service_will_export() -> None:
    source = imported(ORDER)

    assert json.loads(source.snapshot) == contract_of(loaded(source))


def test_the_snapshot_has_its_keys_in_the_order_of_an_export() -> None:
    size = {"minimum": 1, "default": 3, "type": "integer"}

    source = imported(contract({"size": size, "name": STRING}, required=["name"]))

    assert source.snapshot == SNAPSHOT


def test_the_same_schema_gives_the_same_source() -> None:
    assert imported(ORDER) == imported(json.loads(json.dumps(ORDER)))


def test_what_was_published_is_read_and_can_be_written_again() -> None:
    event = read(PAYLOAD)

    assert event.total.as_tuple().digits == (1, 0, 5, 0)
    assert event.pays.class_ == "bill"
    assert event.lines[0].amount == 2
    assert (event.status, event.date_, event.tags, event.notes) == ("in-transit", None, {"a"}, [])
    assert event.source is None
    dumped = json.loads(event.model_dump_json(by_alias=True))
    assert dumped.items() >= PAYLOAD.items()


def test_fields_can_be_named_as_in_python_where_code_makes_an_event() -> None:
    event = loaded(imported(ORDER))
    first = read(PAYLOAD, event)

    assert event.model_validate(first.model_dump()) == first


@pytest.mark.parametrize(
    "change",
    [
        {"total": "-1"},
        {"total": "1.505"},
        {"status": "lost"},
        {"lines": []},
        {"lines": [{"sku": "abc", "amount": 1}]},
        {"pays": {"class": "cash"}},
        {"customerId": "7"},
        {"email": 1},
        {"labels": {"a": "b"}},
    ],
)
def test_what_breaks_the_contract_is_not_read(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read(PAYLOAD | change)


def test_fields_that_a_newer_publisher_adds_are_ignored() -> None:
    lines = [{"sku": "ABC-0001", "amount": 2, "colour": "red"}]

    assert not hasattr(read(PAYLOAD | {"new": 1, "lines": lines}), "new")


def test_an_event_without_fields_has_none() -> None:
    source = imported(contract({}))

    assert (source.classes, source.fields) == ("", "")
    assert source.description == "orders tells that this happened."
    assert contract_of(loaded(source))["properties"] == {}


@pytest.mark.parametrize(
    "description",
    ["", " ", "a\nb", '"', "x\\", "größe", "x" * 89, 1, None, ["a"], "a\tb", '"""'],
)
def test_only_a_plain_line_becomes_a_docstring(description: object) -> None:
    source = imported(contract({}, description=description))

    assert source.description == "orders tells that this happened."


def test_a_constraint_is_told_by_its_meaning_in_the_snapshot() -> None:
    bound = {"type": "string", "format": "decimal", "exclusiveMaximum": 0.1, "x-max-digits": 3}

    source = imported(contract({"rate": bound}))

    assert source.fields == ('    rate: Annotated[Decimal, Field(lt=Decimal("0.1"), max_digits=3)]')
    assert json.loads(source.snapshot)["properties"]["rate"] == bound


def test_what_is_required_though_it_has_a_default_stays_so() -> None:
    schema = contract({"size": {"type": "integer", "default": 3}})

    assert contract_of(loaded(imported(schema)))["properties"] == schema["properties"]
    with pytest.raises(ValidationError):
        read({}, loaded(imported(schema)))


def test_defaults_are_of_their_type() -> None:
    key = {"format": "uuid"}
    number = "01930000-0000-7000-8000-000000000000"
    kinds: dict[str, Any] = {
        "keyed": {**OBJECT, "propertyNames": key, "additionalProperties": {"type": "integer"}},
        "pair": {"type": "array", "prefixItems": [STRING], "minItems": 1, "maxItems": 1},
        "set": {"type": "array", "items": STRING, "uniqueItems": True},
        "whole": {**STRING, "format": "decimal"},
        "odd": {**STRING, "format": "decimal"},
    }
    defaults = {
        "keyed": {number: 1},
        "pair": ["a"],
        "set": ["a"],
        "whole": "-3",
        "odd": "007",
    }
    schema = contract({k: kinds[k] | {"default": v} for k, v in defaults.items()}, required=[])

    source = imported(schema)

    event = read({}, loaded(source))
    assert event.keyed == {UUID(number): 1}
    assert (event.pair, event.set_) == (("a",), {"a"})
    assert (event.whole, event.odd) == (Decimal(-3), Decimal(7))
    assert "    whole: Decimal = Decimal(-3)\n" in source.fields
    assert json.loads(source.snapshot) == contract_of(loaded(source))


def test_lists_in_sets_are_tuples() -> None:
    pairs = {"type": "array", "items": {"type": "integer"}}
    inner = {"type": "array", "items": pairs, "uniqueItems": True}
    schema = contract({"pairs": {"type": "array", "items": inner, "uniqueItems": True}})

    source = imported(schema)

    assert source.fields == "    pairs: set[frozenset[tuple[int, ...]]]"
    assert read({"pairs": [[[1, 2]]]}, loaded(source)).pairs == {frozenset({(1, 2)})}


@pytest.mark.parametrize(
    "schema",
    [
        {"anyOf": [{"anyOf": [STRING, {"type": "null"}]}, {"type": "integer"}]},
        {"anyOf": [{"type": "null"}, STRING]},
        {"anyOf": [STRING, {"type": "integer"}, STRING]},
        {"anyOf": [{"const": 1}, {"const": True}]},
    ],
)
def test_alternatives_are_told_as_python_has_them(schema: dict[str, Any]) -> None:
    source = imported(contract({"total": schema}))

    assert json.loads(source.snapshot) == contract_of(loaded(source))


def test_classes_of_one_name_are_told_apart() -> None:
    line = {"properties": {"sku": STRING}, **OBJECT}
    definitions = {"line-item": line, "line_item": line, "OrderCreated": line}
    fields = {key: {"$ref": f"#/$defs/{key}"} for key in definitions}

    source = imported(contract(fields, **{"$defs": definitions}))

    assert re.findall(r"class (\w+)", source.classes) == ["LineItem", "LineItem2", "OrderCreated2"]
    assert json.loads(source.snapshot) == contract_of(loaded(source))


def test_an_older_way_to_write_a_reference_is_understood() -> None:
    definitions = {"$defs": {"Kind": {"enum": ["a"]}}}
    schema = contract(
        {"kind": {"allOf": [{"$ref": "#/$defs/Kind"}], "default": "a"}}, **definitions
    )

    assert imported(schema | {"required": []}).fields == "    kind: Kind = Kind.A"


def test_it_needs_nothing_heavy() -> None:
    code = "import sys, eventsmith.schema.finding, eventsmith.schema.source; print(*sys.modules)"

    modules = subprocess.check_output([sys.executable, "-c", code], text=True).split()

    assert {"pydantic", "pydantic_core", "copier", "yaml", "jinja2", "typer"}.isdisjoint(modules)
