"""Lists, sets, tuples and objects with any keys, and the types within them."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from eventsmith.schema.model import (
    Choice,
    Enumeration,
    Items,
    Json,
    Limits,
    Node,
    Plain,
    RefusedError,
    Row,
    Table,
    hashable,
)
from eventsmith.schema.scalars import limits, only
from eventsmith.schema.vocabulary import SIZE_OF_LIST, SIZE_OF_TABLE, STRINGS

Schema: TypeAlias = Mapping[str, Json]
Parse: TypeAlias = Callable[[Json, str], Node]
"""Turns the schema at a place into a type."""

_EMPTY = (("min_length", 0), ("max_length", 0))


def array(schema: Schema, where: str, parse: Parse) -> Node:
    """Return the type of a JSON list."""
    size = limits(schema, SIZE_OF_LIST, where)
    if "prefixItems" in schema or ("items" not in schema and size == _EMPTY):
        return _row({"prefixItems": [], **schema}, size, where, parse)
    only(schema, {"type", "items", "uniqueItems", *SIZE_OF_LIST}, where)
    item = parse(schema.get("items", {}), f"{where}/items")
    unique = schema.get("uniqueItems", False)
    if not isinstance(unique, bool) or (unique and not hashable(item)):
        raise RefusedError(where, "Python has no set of what it holds")
    return Items(item, unique, size)


def _row(schema: Schema, size: Limits, where: str, parse: Parse) -> Row:
    only(schema, {"type", "prefixItems", *SIZE_OF_LIST}, where)
    items = listed(schema, "prefixItems", where, parse)
    if dict(size) != dict.fromkeys(SIZE_OF_LIST.values(), len(items)):
        raise RefusedError(where, "only tuples of a fixed length are understood")
    return Row(tuple(items))


def table(schema: Schema, where: str, parse: Parse) -> Table:
    """Return the type of a JSON object that is no class."""
    if "properties" in schema:
        raise RefusedError(where, "an object with fields has its place under $defs")
    pattern, values, at = _values(schema, where)
    keys = _keys(schema.get("propertyNames", {}), pattern, f"{where}/propertyNames", parse)
    size = limits(schema, SIZE_OF_TABLE, where)
    return Table(keys, Plain("Any") if values is True else parse(values, at), size)


def _values(schema: Schema, where: str) -> tuple[Mapping[str, str], Json, str]:
    """Return the pattern of keys, what their values are, and where it says so."""
    known = {"type", "propertyNames", *SIZE_OF_TABLE}
    if "patternProperties" not in schema:
        only(schema, known | {"additionalProperties"}, where)
        return {}, schema.get("additionalProperties", True), f"{where}/additionalProperties"
    only(schema, known | {"patternProperties"}, where)
    patterns = schema["patternProperties"]
    if not isinstance(patterns, dict) or len(patterns) != 1:
        raise RefusedError(where, "keys have one pattern or none")
    ((pattern, values),) = patterns.items()
    return {"pattern": pattern}, values, f"{where}/patternProperties"


def _keys(schema: Json, pattern: Mapping[str, str], where: str, parse: Parse) -> Node | None:
    """Return what keys are; that they are text goes without saying."""
    if schema == {} and not pattern:
        return None
    if isinstance(schema, dict) and not schema.keys() & {"$ref", "const", "enum"}:
        schema = {"type": "string", **schema, **pattern}
    elif pattern:
        raise RefusedError(where, "keys have a pattern or a type, not both")
    keys = parse(schema, where)
    match keys:
        case Enumeration():
            return keys
        case Choice(values) if all(isinstance(value, str) for value in values):
            return keys
        case Plain(kind) if kind in {"str", *STRINGS.values()}:
            return keys
    raise RefusedError(where, "that is no type for keys")


def listed(schema: Schema, key: str, where: str, parse: Parse) -> list[Node]:
    """Return the types in a list of schemas."""
    if not isinstance(schema[key], list):
        raise RefusedError(where, f"{key} is no list of types")
    return [parse(inner, f"{where}/{key}/{n}") for n, inner in enumerate(schema[key])]
