"""One difference between two schemas, and those that show without going further into them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from .schema import Schema, choices, label

_PARTS = {"items": "[]", "additionalProperties": ".*", "propertyNames": " (keys)"}
_NO_CONSTRAINT = {
    *("title", "description", "examples", "deprecated", "readOnly", "writeOnly", "$comment"),
    *("$schema", "x-eventsmith", "$ref", "$defs", "type", "format", "enum", "const", "default"),
    *("anyOf", "oneOf", "properties", "required", "patternProperties", "prefixItems", *_PARTS),
}
"""Documentation, and what is compared by itself."""


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


def type_changed(path: str, was: Schema, now: Schema) -> Finding:
    """Another type, or others among several."""
    return Finding(path, "type changed", f"{label(was)} → {label(now)}")


def allowed(path: str, was: Schema, now: Schema) -> Iterator[Finding]:
    """What is different in the list of values."""
    old, new = choices(was), choices(now)
    yield from (Finding(path, "enum value removed", value) for value in old if value not in new)
    yield from (Finding(path, "enum value added", value) for value in new if value not in old)


def constraints(path: str, was: Schema, now: Schema) -> Iterator[Finding]:
    """What is different in all that narrows a value down; keywords nobody knows are among it."""
    for name in sorted((was.keys() | now.keys()) - _NO_CONSTRAINT):
        if old_and_new := _changed(name, was, now):
            yield Finding(path, "constraint changed", f"{name}: {old_and_new}")


def default(path: str, was: Schema, now: Schema) -> Iterator[Finding]:
    """What an event means that was published before it had the field."""
    if old_and_new := _changed("default", was, now):
        yield Finding(path, "default changed", old_and_new)


def parts(was: Schema, now: Schema) -> Iterator[tuple[str, Any, Any]]:
    """The schemas of items and of values: how a path goes on there, what was and what is."""
    for key, suffix in _PARTS.items():
        if key in was or key in now:
            yield suffix, was.get(key, True), now.get(key, True)
    old, new = was.get("patternProperties", {}), now.get("patternProperties", {})
    for pattern in old | new:
        yield ".*", old.get(pattern, True), new.get(pattern, True)
    places = zip_longest(was.get("prefixItems", ()), now.get("prefixItems", ()), fillvalue=True)
    for number, (before, after) in enumerate(places):
        yield f"[{number}]", before, after


def _changed(name: str, was: Schema, now: Schema) -> str:
    old, new = (json.dumps(side[name]) if name in side else "none" for side in (was, now))
    return "" if old == new else f"{old} → {new}"
