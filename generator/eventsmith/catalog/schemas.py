"""Looks into JSON Schemas that services wrote, and takes whatever is in them."""

from collections.abc import Mapping
from typing import TypeAlias

from eventsmith.schema.model import Json

Schema: TypeAlias = Mapping[str, Json]

DOCUMENTATION = {
    *("$schema", "$comment", "$defs", "title", "description", "examples", "deprecated"),
    *("readOnly", "writeOnly", "x-eventsmith", "discriminator"),
}
"""What says nothing about which values are allowed."""
_HOPS = 16


def mapping(value: Json) -> Schema:
    """Return the value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Json) -> list[Json]:
    """Return the value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Json) -> str:
    """Return the value if it is text, else none."""
    return value if isinstance(value, str) else ""


def resolved(schema: Json, root: Schema) -> Schema:
    """Return what a schema refers to within `root`; what stands beside the reference wins."""
    here = mapping(schema)
    for _ in range(_HOPS):
        if "$ref" not in here:
            return here
        beside = {key: value for key, value in here.items() if key != "$ref"}
        name = text(here["$ref"]).removeprefix("#/$defs/").replace("~1", "/").replace("~0", "~")
        here = {**mapping(mapping(root.get("$defs")).get(name)), **beside}
    return {}


def alternatives(schema: Json, root: Schema) -> list[Json]:
    """Return the schemas of which a value fits one, not resolved; mostly the schema itself."""
    here = resolved(schema, root)
    options = items(here.get("anyOf")) or items(here.get("oneOf"))
    if not options and isinstance(here.get("type"), list):
        options = [{**here, "type": kind} for kind in here["type"]]
    return options or [schema]


def without_null(schema: Json, root: Schema) -> tuple[list[Json], bool]:
    """Return the alternatives but null, and whether null is one."""
    options = alternatives(schema, root)
    kept = [option for option in options if resolved(option, root).get("type") != "null"]
    return kept, len(kept) < len(options)


def values(schema: Schema) -> list[Json]:
    """Return the only values that are allowed, if they are listed."""
    return [schema["const"]] if "const" in schema else items(schema.get("enum"))


def required(schema: Schema) -> set[str]:
    """Return the names of the fields that are never missing."""
    return {name for name in items(schema.get("required")) if isinstance(name, str)}
