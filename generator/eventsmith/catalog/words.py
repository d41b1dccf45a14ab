"""Fields of a contract in words, those of nested objects and lists included."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from eventsmith.catalog.schemas import (
    Schema,
    items,
    mapping,
    required,
    resolved,
    text,
    values,
    without_null,
)
from eventsmith.schema.model import Json
from eventsmith.schema.scalars import segment, shown

_MOST = 200  # fields of one event that are told
_DEEPEST = 6  # objects within each other
_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "object",
}
_FORMATS = {
    "decimal": "decimal number, as text",
    "uuid": "UUID",
    "date-time": "date and time",
    "duration": "duration",
}
_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "{} or more characters",
    "maxLength": "{} characters or fewer",
    "pattern": "like {}",
    "minItems": "{} or more items",
    "maxItems": "{} items or fewer",
    "x-max-digits": "{} digits or fewer",
    "x-decimal-places": "{} decimal places",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an event; `path` is such as `lines[].sku`."""

    path: str
    words: str
    required: bool
    description: str


def fields(contract: Schema) -> list[Field]:
    """Return the fields of an event, each before those that it consists of."""
    return list(islice(_fields(contract, contract, "", 0), _MOST))


def _fields(schema: Schema, root: Schema, path: str, depth: int) -> Iterator[Field]:
    needed = required(schema)
    for name, field in mapping(schema.get("properties")).items():
        at = f"{path}{segment(name)}"
        about = text(resolved(field, root).get("description"))
        yield Field(at, words(field, root), name in needed, about)
        if depth < _DEEPEST:
            yield from _inside(field, root, at, depth + 1)


def _inside(schema: Json, root: Schema, path: str, depth: int) -> Iterator[Field]:
    for option in without_null(schema, root)[0]:
        here = resolved(option, root)
        if here.get("properties"):
            yield from _fields(here, root, f"{path}.", depth)
        elif "items" in here and depth < _DEEPEST:
            yield from _inside(here["items"], root, f"{path}[]", depth + 1)
        elif mapping(here.get("additionalProperties")) and depth < _DEEPEST:
            yield from _inside(here["additionalProperties"], root, f"{path}.*", depth + 1)


def words(schema: Json, root: Schema, depth: int = 0) -> str:
    """Return the type of a value, such as `list of text, at most 3 items`."""
    options, nullable = without_null(schema, root)
    if depth > _DEEPEST:
        return "anything"
    kinds = [_one(resolved(option, root), root, depth) for option in options[:_DEEPEST]]
    more = ["…"] if len(options) > _DEEPEST else []
    return " or ".join([*dict.fromkeys(kinds), *more, *(["null"] if nullable else [])])


def _one(schema: Schema, root: Schema, depth: int) -> str:
    if allowed := values(schema):
        listed = ", ".join(shown(value).strip("'") for value in allowed[:12])
        more = ", …" if len(allowed) > 12 else ""  # noqa: PLR2004 - what fits into a cell
        return f"one of {listed}{more}" if len(allowed) > 1 else f"always {listed}"
    bounds = [
        how.format(shown(schema[key]).strip("'")) for key, how in _LIMITS.items() if key in schema
    ]
    return ", ".join([_kind(schema, root, depth), *bounds])


def _kind(schema: Schema, root: Schema, depth: int) -> str:
    kind, form = text(schema.get("type")), text(schema.get("format"))
    if kind == "array":
        if places := items(schema.get("prefixItems")):
            inner = (words(place, root, depth + 1) for place in places[:_DEEPEST])
            return f"list of: {'; '.join(inner)}"
        unique = "set" if schema.get("uniqueItems") is True else "list"
        return f"{unique} of {words(schema.get('items'), root, depth + 1)}"
    if kind == "object" and mapping(schema.get("additionalProperties")):
        return f"object of {words(schema['additionalProperties'], root, depth + 1)} by key"
    if kind == "string" and form:
        return _FORMATS.get(form, segment(form))
    return _TYPES.get(kind, "anything")
