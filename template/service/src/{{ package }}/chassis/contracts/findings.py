"""One difference between two schemas, and those that show without going further into them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from .schema import Schema, choices

PARTS = {"items": "[]", "additionalProperties": ".*", "propertyNames": " (keys)"}
"""The keywords that hold a schema each, and how a path goes on there."""
_DOCUMENTATION = {
    *("title", "description", "examples", "deprecated", "readOnly", "writeOnly", "$comment"),
}
_STRUCTURE = {
    *("$schema", "x-eventsmith", "$ref", "$defs", "type", "format", "enum", "const", "default"),
    *("anyOf", "oneOf", "properties", "required", "patternProperties", "prefixItems"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. `field` is a path such as `lines[].sku`, empty for the event as a whole;
    `detail` says what was and what is, where the rule does not."""

    field: str
    rule: str
    detail: str = ""
    breaking: bool = True


def kind(schema: Schema) -> tuple[object, object, bool]:
    """What has to be the same for anything else to be compared."""
    return schema.get("type"), schema.get("format"), bool(choices(schema))


def allowed(path: str, was: Schema, now: Schema) -> Iterator[Finding]:
    """What is different in the list of values."""
    old, new = choices(was), choices(now)
    for value in old:
        if value not in new:
            yield Finding(path, "enum value removed", value)
    for value in new:
        if value not in old:
            yield Finding(path, "enum value added", value)


def constraints(path: str, was: Schema, now: Schema) -> Iterator[Finding]:
    """What is different in all that narrows a value down; keywords nobody knows are among it."""
    for name in sorted((was.keys() | now.keys()) - _STRUCTURE - PARTS.keys() - _DOCUMENTATION):
        if old_and_new := _changed(name, was, now):
            yield Finding(path, "constraint changed", f"{name}: {old_and_new}")


def default(path: str, was: Schema, now: Schema) -> Iterator[Finding]:
    """What an event means that was published before it had the field."""
    if old_and_new := _changed("default", was, now):
        yield Finding(path, "default changed", old_and_new)


def _changed(name: str, was: Schema, now: Schema) -> str:
    old, new = (json.dumps(side[name]) if name in side else "none" for side in (was, now))
    return "" if old == new else f"{old} → {new}"
