"""What no contract can be is refused in one line that says where, and nothing is made of it."""

from typing import Any

import pytest

from importing import assert_refused, contract, field, imported

STRING = {"type": "string"}
TEXT_SET = {"type": "array", "uniqueItems": True}


def nested(schema: Any) -> dict[str, Any]:
    return field({"$ref": "#/$defs/Line"}, **{"$defs": {"Line": schema}})


@pytest.mark.parametrize(
    ("schema", "part"),
    [
        (True, "True is no type"),
        (None, "None is no type"),
        ([STRING], "is no type"),
        ({"type": "text"}, "'text' is no type"),
        ({"type": ["string", "null"]}, "is no type"),
        ({"type": 1}, "1 is no type"),
        ({"not": STRING}, "what 'not' asks for"),
        ({**STRING, "if": {}, "then": {}}, "what 'if' asks for"),
        ({**STRING, "const": "a", "minLength": 1}, "'minLength'"),
        ({**STRING, "minimum": 1}, "'minimum'"),
        ({**STRING, "$id": "http://example.com"}, "'$id'"),
        ({**STRING, "format": 1}, "format"),
        ({**STRING, "format": "uuid", "pattern": "a"}, "'pattern'"),
        ({**STRING, "pattern": "("}, "pattern cannot be '('"),
        ({**STRING, "pattern": "(?=a)"}, "pattern"),
        ({**STRING, "pattern": "(a{1000}){1000}"}, "pattern"),
        ({**STRING, "pattern": 1}, "pattern"),
        ({**STRING, "minLength": -1}, "minLength"),
        ({**STRING, "maxLength": 10**20}, "maxLength"),
        ({**STRING, "maxLength": True}, "maxLength"),
        ({**STRING, "maxLength": 1.5}, "maxLength"),
        ({"type": "integer", "minimum": 0.5}, "minimum cannot be 0.5"),
        ({"type": "integer", "minimum": "0"}, "minimum"),
        ({"type": "integer", "exclusiveMinimum": True}, "exclusiveMinimum"),
        ({"type": "number", "multipleOf": 0}, "multipleOf"),
        ({"type": "boolean", "minimum": 0}, "'minimum'"),
        ({"enum": []}, "no list of values"),
        ({"enum": "abc"}, "no list of values"),
        ({"enum": ["a", "a"]}, "twice"),
        ({"enum": [{}]}, "lists or objects"),
        ({"enum": [1.5]}, "fraction"),
        ({"enum": ["a"], "const": "a"}, "both"),
        ({"enum": ["a", 1], "type": "string"}, "not all of type 'string'"),
        ({"enum": [True], "type": "integer"}, "not all of type"),
        ({"enum": ["a"], "type": {}}, "not all of type"),
        ({"anyOf": []}, "one of 0 types"),
        ({"anyOf": [{"const": n} for n in range(101)]}, "one of 101 types"),
        ({"anyOf": {}}, "no list of types"),
        ({"anyOf": [STRING, True]}, "True is no type"),
        ({"anyOf": [STRING], "minLength": 1}, "'minLength'"),
        ({"allOf": [STRING, STRING]}, "allOf of one type"),
        ({"oneOf": [STRING, {"type": "integer"}]}, "tells its alternatives apart"),
        ({"oneOf": [], "discriminator": {"propertyName": "kind"}}, "tells its alternatives apart"),
        ({"$ref": "#/$defs/Line", "minLength": 1}, "'minLength'"),
        ({"type": "array", "items": False}, "False is no type"),
        ({"type": "array", "items": STRING, "contains": STRING}, "'contains'"),
        ({"type": "array", "items": STRING, "minItems": "1"}, "minItems"),
        ({"type": "array", "prefixItems": [STRING]}, "fixed length"),
        ({"type": "array", "prefixItems": [STRING], "minItems": 0, "maxItems": 1}, "fixed length"),
        ({"type": "array", "prefixItems": STRING}, "no list of types"),
        ({**TEXT_SET, "items": {"type": "array", "items": {"type": "object"}}}, "no set"),
        ({**TEXT_SET, "prefixItems": [], "minItems": 0, "maxItems": 0}, "'uniqueItems'"),
        ({"type": "array", "items": STRING, "uniqueItems": 1}, "no set"),
        ({"type": "object", "properties": {"a": STRING}}, "under $defs"),
        ({"type": "object", "additionalProperties": False}, "False is no type"),
        ({"type": "object", "dependentSchemas": {}}, "'dependentSchemas'"),
        ({"type": "object", "patternProperties": {"a": {}, "b": {}}}, "one pattern or none"),
        ({"type": "object", "patternProperties": {"(": {}}}, "pattern"),
        ({"type": "object", "propertyNames": False}, "False is no type"),
        ({"type": "object", "propertyNames": {"anyOf": [STRING]}}, "'type'"),
        ({"type": "object", "propertyNames": {"type": "array"}}, "no type for keys"),
        ({"type": "object", "propertyNames": {"type": "integer"}}, "no type for keys"),
        ({"type": "object", "propertyNames": {"const": 1}}, "no type for keys"),
        ({"type": "object", "propertyNames": {"enum": ["a"]},
          "patternProperties": {"a": {}}}, "not both"),
    ],
)  # fmt: skip
def test_a_type_that_python_cannot_have_is_refused(schema: Any, part: str) -> None:
    definitions = {"$defs": {"Line": STRING}}

    assert_refused(field(schema, **definitions), "imported: properties/total", part)


@pytest.mark.parametrize(
    ("schema", "part"),
    [
        ({"type": "array", "properties": {}}, "no object with properties"),
        ({"type": "object", "properties": []}, "no object with properties"),
        ({"type": "object", "properties": {}, "required": ["sku"]}, "none of its properties"),
        ({"type": "object", "properties": {"1": {}}, "required": [1]}, "none of its properties"),
        ({"type": "object", "properties": {}, "required": "sku"}, "none of its properties"),
        ({"type": "object", "properties": {}, "additionalProperties": STRING}, "have a type"),
        ({"type": "object", "properties": {}, "minProperties": 1}, "'minProperties'"),
        ({"type": "object", "properties": {}, "patternProperties": {}}, "'patternProperties'"),
        ({"enum": [1, True]}, "equal in Python"),
        ({"enum": ["a"], "type": "integer"}, "not all of type"),
        (True, "True is no type"),
    ],
)
def test_a_class_that_python_cannot_have_is_refused(schema: Any, part: str) -> None:
    assert_refused(nested(schema), "$defs/Line: ", part)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (STRING, 1),
        ({"type": "integer"}, True),
        ({"type": "integer"}, 1.0),
        ({"type": "number"}, "1"),
        ({"type": "boolean"}, 0),
        ({"type": "null"}, False),
        ({"enum": [1, "a"]}, True),
        ({"type": "array", "items": {"type": "integer"}}, [1, "2"]),
        ({"type": "array", "items": STRING}, {"a": "b"}),
        ({"type": "array", "items": STRING}, ["x"] * 2000),
        ({"type": "object", "additionalProperties": STRING}, {"a": 1}),
        ({"anyOf": [STRING, {"type": "null"}]}, 1),
        *(({"type": "string", "format": "decimal"}, text) for text in ("x", "NaN", "1e", 1)),
        *(({"type": "string", "format": "uuid"}, text) for text in ("x", "", None)),
        *(({"type": "string", "format": "date"}, text) for text in ("2026-02-30", "x")),
        ({"type": "string", "format": "time"}, "25:00"),
        ({"type": "string", "format": "date-time"}, "2026-01-01T00:00:00"),
        ({"type": "array", "prefixItems": [STRING], "minItems": 1, "maxItems": 1}, []),
        ({"$ref": "#/$defs/Line"}, {}),
        ({"$ref": "#/$defs/Line"}, "x"),
        ({"$ref": "#/$defs/Kind"}, "b"),
    ],
)
def test_a_default_of_another_type_is_refused(kind: dict[str, Any], value: Any) -> None:
    line = {"type": "object", "properties": {"sku": STRING}, "required": ["sku"]}
    definitions = {"$defs": {"Line": line, "Kind": {"enum": ["a"]}}}
    schema = field({**kind, "default": value}, required=[], **definitions)

    assert_refused(schema, "properties/total: its default")


def alternatives(
    *kinds: Any, mapping: dict[str, str] | None = None, required: tuple[str, ...] = ("kind",)
) -> dict[str, Any]:
    """Return a union of classes whose field `kind` has these types."""
    definitions = {
        f"Line{number}": {"type": "object", "properties": {"kind": kind}, "required": [*required]}
        for number, kind in enumerate(kinds)
    }
    about = {"propertyName": "kind"} | ({} if mapping is None else {"mapping": mapping})
    options = [{"$ref": f"#/$defs/{name}"} for name in definitions]
    return field({"oneOf": options, "discriminator": about}, **{"$defs": definitions})


def test_alternatives_that_cannot_be_told_apart_are_refused() -> None:
    one, two = {"const": "a"}, {"const": "b"}

    assert_refused(alternatives(one), "apart")
    assert_refused(alternatives(one, one), "apart")
    assert_refused(alternatives(one, STRING), "apart")
    assert_refused(alternatives(one, {"const": None}), "apart")
    assert_refused(alternatives(one, two, required=()), "apart")
    assert_refused(alternatives(one, two, mapping={}), "mapping")
    assert_refused(alternatives(one, two, mapping={"a": "#/$defs/Line1"}), "mapping")
    assert_refused(alternatives(one, two, mapping={"a": "http://x", "b": "#/$defs/Line1"}), "map")
    imported(alternatives(one, two, mapping={"a": "#/$defs/Line0", "b": "#/$defs/Line1"}))


def test_a_tag_that_has_two_names_in_python_is_refused() -> None:
    tags = {"class": {"const": "a"}}, {"class": {"const": "b"}, "class_": STRING}
    definitions = {
        f"Line{number}": {"type": "object", "properties": fields, "required": ["class"]}
        for number, fields in enumerate(tags)
    }
    options = [{"$ref": f"#/$defs/{name}"} for name in definitions]
    about = {"propertyName": "class"}

    schema = field({"oneOf": options, "discriminator": about}, **{"$defs": definitions})

    assert_refused(schema, "'class' would have several names in Python")


def test_a_set_of_classes_that_hold_lists_is_refused() -> None:
    fields = {"sku": STRING, "tags": {"type": "array", "items": STRING}}
    line = {"type": "object", "properties": fields}
    lines = {**TEXT_SET, "items": {"$ref": "#/$defs/Line"}}

    assert_refused(field(lines, **{"$defs": {"Line": line}}), "no set of what it holds")
    del fields["tags"]
    imported(field(lines, **{"$defs": {"Line": line}}))


@pytest.mark.parametrize("name", ["event_id", "aggregate_id", "occurred_at"])
def test_a_field_that_every_event_has_anyway_is_refused(name: str) -> None:
    assert_refused(contract({name: STRING}), f"the event: every event has a {name} of its own")


@pytest.mark.parametrize("keyword", ["if", "allOf", "$anchor", "dependentRequired", "not"])
def test_an_event_that_demands_what_is_not_understood_is_refused(keyword: str) -> None:
    assert_refused(
        contract({}, **{keyword: {}}), f"the event: there is no telling what {keyword!r}"
    )
