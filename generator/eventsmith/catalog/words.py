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
_LONGEST = 50  # types that the words for one field name
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
    return list(islice(_Fields(contract).of(contract, "", 0), _MOST))


class _Fields:
    def __init__(self, root: Schema) -> None:
        self._root = root
        self._left = _MOST * 10  # schemas to look into, those without fields included

    def of(self, schema: Schema, path: str, depth: int) -> Iterator[Field]:
        """Yield the fields of an object."""
        needed = required(schema)
        for name, field in mapping(schema.get("properties")).items():
            at = f"{path}{segment(name)}"
            about = text(resolved(field, self._root).get("description"))
            yield Field(at, words(field, self._root), name in needed, about)
            yield from self._inside(field, at, depth + 1)

    def _inside(self, schema: Json, path: str, depth: int) -> Iterator[Field]:
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            return
        for option in without_null(schema, self._root)[0]:
            here = resolved(option, self._root)
            if here.get("properties"):
                yield from self.of(here, f"{path}.", depth)
            elif "items" in here:
                yield from self._inside(here["items"], f"{path}[]", depth + 1)
            elif mapping(here.get("additionalProperties")):
                yield from self._inside(here["additionalProperties"], f"{path}.*", depth + 1)


def words(schema: Json, root: Schema) -> str:
    """Return the type of a value, such as `list of text, at most 3 items`."""
    return _Words(root).of(schema, 0)


class _Words:
    def __init__(self, root: Schema) -> None:
        self._root = root
        self._left = _LONGEST

    def of(self, schema: Json, depth: int) -> str:
        """Return the words for a value that may be one of several, or null."""
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            return "anything"
        options, nullable = without_null(schema, self._root)
        kinds = [self._one(resolved(each, self._root), depth) for each in options[:_DEEPEST]]
        more = ["…"] if len(options) > _DEEPEST else []
        return " or ".join([*dict.fromkeys(kinds), *more, *(["null"] if nullable else [])])

    def _one(self, schema: Schema, depth: int) -> str:
        if allowed := values(schema):
            listed = ", ".join(shown(value).strip("'") for value in allowed[:12])
            more = ", …" if len(allowed) > 12 else ""  # noqa: PLR2004 - what fits into a cell
            return f"one of {listed}{more}" if len(allowed) > 1 else f"always {listed}"
        said = {key: shown(schema[key]).strip("'") for key in _LIMITS if key in schema}
        bounds = [_LIMITS[key].format(limit) for key, limit in said.items()]
        return ", ".join([self._kind(schema, depth), *bounds])

    def _kind(self, schema: Schema, depth: int) -> str:
        kind, form = text(schema.get("type")), text(schema.get("format"))
        if kind == "array":
            if places := items(schema.get("prefixItems")):
                inner = (self.of(place, depth + 1) for place in places[:_DEEPEST])
                return f"list of: {'; '.join(inner)}"
            unique = "set" if schema.get("uniqueItems") is True else "list"
            return f"{unique} of {self.of(schema.get('items'), depth + 1)}"
        if kind == "object" and mapping(schema.get("additionalProperties")):
            return f"object of {self.of(schema['additionalProperties'], depth + 1)} by key"
        if kind == "string" and form:
            return _FORMATS.get(form, segment(form))
        return _TYPES.get(kind, "anything")
