"""Classes: the event itself, the objects it is made of, and enumerations."""

from collections.abc import Mapping, Sequence

from eventsmith.schema import names
from eventsmith.schema.containers import Parse, Schema
from eventsmith.schema.model import (
    Choice,
    Default,
    Discriminator,
    Enumeration,
    Field,
    Json,
    Model,
    Node,
    RefusedError,
    hashable,
)
from eventsmith.schema.scalars import checked, only, segment, shown

_IDENTITY = {"aggregate_id", "event_id", "occurred_at"}
_LONGEST = 88
_BASES = {str: "StrEnum", int: "IntEnum"}


def model(name: str, schema: Schema, where: str, parse: Parse, *, of_event: bool = False) -> Model:
    """Return the class of an object with fields."""
    only(schema, {"type", "properties", "required", "additionalProperties"}, where)
    properties, extra = schema.get("properties", {}), schema.get("additionalProperties")
    if schema.get("type") != "object" or not isinstance(properties, dict):
        raise RefusedError(where, "it is no object with properties")
    if not isinstance(extra, bool | None):
        raise RefusedError(where, "fields beside the named ones cannot have a type")
    if of_event and (clash := _IDENTITY & properties.keys()):
        raise RefusedError(where, f"every event has a {min(clash)} of its own already")
    required = _required(schema, properties, where)
    attributes = names.of_fields([*properties], of_event=of_event)
    fields = []
    for (key, inner), attribute in zip(properties.items(), attributes, strict=True):
        at = f"{where}/properties/{segment(key)}".lstrip("/")
        node = parse(inner, at)
        default = Default(inner["default"], at) if "default" in inner else None
        fields.append(Field(key, attribute, node, key in required, default))
    fixed = all(hashable(field.type, in_class=True) for field in fields)
    return Model(name, tuple(fields), extra, description(schema), hashable=fixed)


def _required(schema: Schema, properties: Schema, where: str) -> set[str]:
    required = schema.get("required", [])
    known = isinstance(required, list) and all(
        isinstance(key, str) and key in properties for key in required
    )
    if not known:
        raise RefusedError(where, "it requires what is none of its properties")
    return set(required)


def enumeration(name: str, schema: Schema, where: str) -> Enumeration:
    """Return the class of some values."""
    only(schema, {"type", "enum"}, where)
    values = schema["enum"]
    checked(values, schema.get("type"), where)
    if len(set(values)) < len(values):
        raise RefusedError(where, "its enum holds values that are equal in Python")
    kinds = {type(value) for value in values}
    base = _BASES.get(kinds.pop(), "Enum") if len(kinds) == 1 else "Enum"
    return Enumeration(
        name, base, tuple(names.of_members(values)), tuple(values), description(schema)
    )


def discriminator(
    about: Json, options: Sequence[Node], references: Mapping[str, str], where: str
) -> Discriminator:
    """Return the field that tells the classes apart; `references` has the classes by `$ref`."""
    about = about if isinstance(about, dict) else {}
    key = about.get("propertyName")
    tags = [tag for option in options for tag in _tags(option, key)]
    classes = {str(value): cls for _, values, cls in tags for value in values}
    if len(tags) < max(len(options), 2) or len(classes) < sum(len(tag[1]) for tag in tags):
        raise RefusedError(where, "no field tells its alternatives apart")
    if len({name for name, _, _ in tags}) > 1:
        raise RefusedError(where, f"{shown(key)} would have several names in Python")
    mapping = about.get("mapping")
    if mapping is not None and _followed(mapping, references) != classes:
        raise RefusedError(where, "its mapping is not what its alternatives say themselves")
    return Discriminator(key, tags[0][0], tuple(sorted(classes.items())))


def _tags(option: Node, key: Json) -> list[tuple[str, Sequence[Json], str]]:
    """Return how the field with that key is called, what it can be, and in which class."""
    if not isinstance(option, Model):
        return []
    return [
        (field.name, field.type.values, option.name)
        for field in option.fields
        if field.key == key and isinstance(field.type, Choice)
        if (field.required or field.default) and {str, int} >= set(map(type, field.type.values))
    ]


def _followed(mapping: Json, references: Mapping[str, str]) -> Json:
    if not isinstance(mapping, dict):
        return None
    return {value: references.get(str(reference)) for value, reference in mapping.items()}


def description(schema: Schema) -> str | None:
    """Return what the schema says about the class, if it will do as a docstring of one line."""
    text = schema.get("description")
    if not isinstance(text, str) or len(text) > _LONGEST or not text.strip() == text != "":
        return None
    plain = text.isascii() and text.isprintable() and not {'"', "\\"} & set(text)
    return text if plain else None
