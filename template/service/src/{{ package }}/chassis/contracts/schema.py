"""JSON Schemas as values: what they are made of, what they say, and in which order."""

import json
from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]
REF = "#/$defs/"
_MAPS = {"properties", "patternProperties", "$defs"}
_LISTS = {"anyOf", "oneOf", "allOf", "prefixItems"}
_PARTS = {"items", "additionalProperties", "propertyNames"}
_FIRST = ("$schema", "title", "description", "type", "format", "properties", "required")
_LAST = ("$defs", "x-eventsmith")
_WORDS = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "date-time": "datetime",
}


def rebuilt(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """The schema after `change` of every schema in it, the innermost first."""

    def part(name: str, value: Any) -> Any:
        if name in _MAPS:
            return {key: rebuilt(inner, change) for key, inner in value.items()}
        if name in _LISTS:
            return [rebuilt(inner, change) for inner in value]
        if name in _PARTS and isinstance(value, dict):
            return rebuilt(value, change)
        return value

    return change({name: part(name, value) for name, value in schema.items()})


def ordered(schema: Schema) -> Schema:
    """The same with its own keys in the order in which they are written."""
    between = sorted(schema.keys() - {*_FIRST, *_LAST})
    return {name: schema[name] for name in (*_FIRST, *between, *_LAST) if name in schema}


def resolved(schema: Schema, definitions: Schema) -> Schema:
    """The schema with its reference followed; raises ValueError if that leads nowhere."""
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].removeprefix(REF)
    if name not in definitions:
        raise ValueError(f"it has no definition {name!r}, or that is nothing but itself")
    others = {key: value for key, value in definitions.items() if key != name}
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    return resolved(definitions[name] | beside, others)


def alternatives(schema: Schema, definitions: Schema) -> list[Schema]:
    """The schemas of which a value needs to fit one."""
    full = resolved(schema, definitions)
    options = full.get("anyOf") or full.get("oneOf")
    if not options:
        return [schema]
    return [leaf for option in options for leaf in alternatives(option, definitions)]


def choices(schema: Schema) -> list[str]:
    """The only values allowed, as JSON; empty where there is no such list."""
    values = [schema["const"]] if "const" in schema else schema.get("enum", [])
    return [json.dumps(value, ensure_ascii=False) for value in values]


def label(schema: Schema) -> str:
    """Its type in the words of `eventsmith add-event`, as far as that has any."""
    kind, options = schema.get("type"), schema.get("anyOf") or schema.get("oneOf")
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(REF)
    if options:
        return " or ".join(map(label, options))
    if found := choices(schema):
        return f"one of {', '.join(found)}"
    if kind == "array":
        return f"list of {label(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {label(schema['additionalProperties'])}"
    name = str(schema.get("format", kind or "json"))
    return _WORDS.get(name, name)
