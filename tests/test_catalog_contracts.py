"""What differs between two contracts, and whether a consumer minds; fields told in words."""

from typing import Any

import pytest

from eventsmith.catalog.comparing import compare
from eventsmith.catalog.example import example
from eventsmith.catalog.words import fields
from shops import MONEY, TEXT, UUID, Schema, contract

TYPE = "orders.OrderCreated.v1"
LINES = {"type": "array", "items": {"$ref": "#/$defs/Line"}}
LINE = {"type": "object", "properties": {"sku": TEXT}, "required": ["sku"]}
REF: Schema = {"$ref": "#/$defs/A"}
TREE: Schema = {
    "type": "object",
    "properties": {"below": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
}


def told(sent: Schema, read: Schema) -> list[tuple[str, bool]]:
    return [(str(found), found.breaking) for found in compare(sent, read)]


@pytest.mark.parametrize(
    ("sent", "read", "problem", "breaking"),
    [
        ({"a_": TEXT}, {}, "a is optional and not known", False),
        ({"a": TEXT}, {}, "a is not known", False),
        ({}, {"a_": TEXT}, "a is not sent", False),
        ({}, {"a": TEXT}, "a is required, and not sent", True),
        ({"a": TEXT}, {"a_": TEXT}, "a is never missing", False),
        ({"a_": TEXT}, {"a": TEXT}, "a is required, and may be missing", True),
        ({"a": TEXT}, {"a": UUID}, "a is sent as text, read as UUID", True),
        ({"a": UUID}, {"a": TEXT}, "a is sent as UUID, read as text", False),
        (
            {"a": MONEY},
            {"a": {"type": "number"}},
            "a is sent as decimal number, as text, read as number",
            True,
        ),
        (
            {"a": {"type": "integer"}},
            {"a": {"type": "number"}},
            "a is sent as whole number, read as number",
            False,
        ),
        ({"a": {"anyOf": [TEXT, {"type": "null"}]}}, {"a": TEXT}, "a may be null", True),
        ({"a": TEXT}, {"a": {"type": ["string", "null"]}}, "a is never null", False),
        ({"a": {"enum": [1, 2]}}, {"a": {"enum": [1]}}, "a may be 2, which is not known", True),
        ({"a": {"enum": [1]}}, {"a": {"enum": [1, 2]}}, "a is never 2", False),
        (
            {"a": TEXT},
            {"a": TEXT | {"maxLength": 3}},
            "a has another maxLength: none is sent, 3 is read",
            True,
        ),
        (
            {"a": TEXT | {"maxLength": 3}},
            {"a": TEXT},
            "a has another maxLength: 3 is sent, none is read",
            False,
        ),
        (
            {"a": {"type": "array", "items": TEXT}},
            {"a": {"type": "array", "items": UUID}},
            "a[] is sent as text, read as UUID",
            True,
        ),
        ({"<b>\n": TEXT}, {}, "'<b>\\n' is not known", False),
    ],
)
def test_a_difference_is_told_with_its_field(
    sent: Schema, read: Schema, problem: str, *, breaking: bool
) -> None:
    assert told(contract(TYPE, **sent), contract(TYPE, **read)) == [(problem, breaking)]


def test_documentation_and_the_names_of_classes_make_no_difference() -> None:
    sent = contract(TYPE, about="Sent.", lines=LINES) | {"$defs": {"Line": LINE}}
    inline = {"type": "array", "title": "Lines", "items": LINE | {"description": "One."}}

    assert told(sent, contract(TYPE, about="Read.", lines=inline)) == []


def test_what_refers_to_itself_is_compared_once() -> None:
    sent = contract(TYPE, tree={"$ref": "#/$defs/Tree"}) | {"$defs": {"Tree": TREE}}
    odd = TREE | {"properties": TREE["properties"] | {"name": TEXT}, "required": ["name"]}

    assert told(sent, sent | {"$defs": {"Tree": odd}}) == [
        ("tree.name is required, and not sent", True)
    ]


@pytest.mark.parametrize("place", ["anyOf", "items", "prefixItems", "additionalProperties"])
def test_what_may_refer_to_itself_is_compared_too(place: str) -> None:
    above = {place: [REF, {"type": "null"}] if place in {"anyOf", "prefixItems"} else REF}
    node = {"type": "object", "properties": {"above": above}}
    sent = contract(TYPE, node=REF) | {"$defs": {"A": node}}
    odd = node | {"required": ["above"]}

    found = told(sent, sent | {"$defs": {"A": odd}})

    assert found[0] == ("node.above is required, and may be missing", True)
    assert len(found) <= 2


def test_only_one_side_may_refer_to_itself() -> None:
    tree = contract(TYPE, tree=REF) | {"$defs": {"A": {"items": REF, "minItems": 1}}}
    flat = contract(TYPE, tree={"minItems": 1})

    assert told(flat, tree) == [("tree[] has another minItems: none is sent, 1 is read", True)]


def test_fields_are_told_in_words() -> None:
    schema = contract(
        TYPE,
        total={**MONEY, "exclusiveMinimum": 0, "description": "With tax."},
        lines=LINES | {"minItems": 1},
        channel_={"anyOf": [{"enum": ["web", "store"]}, {"type": "null"}]},
    ) | {"$defs": {"Line": LINE}}

    assert [(f.path, f.words, f.required, f.description) for f in fields(schema)] == [
        ("total", "decimal number, as text, more than 0", True, "With tax."),
        ("lines", "list of object, 1 or more items", True, ""),
        ("lines[].sku", "text", True, ""),
        ("channel", "one of web, store or null", False, ""),
    ]


def entangled(referred: Schema) -> Schema:
    return {"type": "object", "properties": {"a": REF}, "$defs": {"A": referred}}


HOSTILE: list[Schema] = [
    {"properties": [1], "required": "a", "type": 3, "$defs": 7},
    {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"$ref": "#/$defs/A"}}},
    {"type": "object", "properties": {"a": {"anyOf": [1, None, {"enum": {}}], "items": 4}}},
    {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A0"}},
        "$defs": {
            f"A{n}": {
                "type": "object",
                "properties": {f"b{i}": {"$ref": f"#/$defs/A{n + 1}"} for i in range(20)},
            }
            for n in range(20)
        },
    },
    entangled({"anyOf": [{"type": "array", "prefixItems": [REF] * 6}] * 6}),
    entangled({"type": "array", "items": {"anyOf": [REF] * 100}}),
    entangled({"type": "object", "additionalProperties": {"anyOf": [REF] * 100}}),
    {
        "properties": {"a": {"$ref": "#/$defs/A0"}},
        "$defs": {f"A{n}": {"items": {"$ref": f"#/$defs/A{n + 1}"}} for n in range(1000)},
    },
]


@pytest.mark.parametrize("schema", HOSTILE)
def test_whatever_stands_in_a_schema_is_read_in_no_time(schema: Schema) -> None:
    assert compare(schema, schema) == ()
    assert len(fields(schema)) <= 200
    assert all(len(field.words) < 2_000 for field in fields(schema))
    assert len(str(example(schema))) < 20_000


def test_an_example_keeps_to_its_contract() -> None:
    import jsonschema  # noqa: PLC0415 - slow

    every: dict[str, Any] = {
        "text": TEXT | {"maxLength": 3},
        "long": TEXT | {"minLength": 12},
        "decimal": MONEY,
        "uuid": UUID,
        "moment": {"type": "string", "format": "date-time"},
        "whole": {"type": "integer", "minimum": 5, "maximum": 9},
        "over": {"type": "integer", "exclusiveMinimum": 5},
        "under": {"type": "integer", "maximum": -3},
        "between": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "channel": {"enum": ["web", "store"]},
        "maybe": {"anyOf": [{"type": "null"}, TEXT]},
        "lines": LINES | {"minItems": 2},
        "none": {"type": "array", "items": TEXT, "maxItems": 0},
        "pair": {"type": "array", "prefixItems": [TEXT, {"type": "boolean"}]},
        "table": {"type": "object", "additionalProperties": {"type": "integer"}},
    }
    schema = contract(TYPE, **every) | {"$defs": {"Line": LINE}}

    payload = example(schema)

    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(
        payload
    )
    assert payload == example(schema)
    assert (payload["channel"], payload["maybe"]) == ("web", "maybe")
    assert payload["lines"] == [{"sku": "sku"}] * 2
