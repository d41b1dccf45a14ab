"""The snapshot of an imported contract, as the importing service will export it from its class."""

import json
from collections.abc import Iterable, Mapping, Sequence

from eventsmith.schema.model import (
    Choice,
    Class,
    Discriminator,
    Field,
    Items,
    Json,
    Limits,
    Model,
    Node,
    Plain,
    Row,
    Table,
    Union,
)
from eventsmith.schema.reading import Snapshot
from eventsmith.schema.vocabulary import LIMITS, PYTHON, SIZE_OF_LIST, SIZE_OF_TABLE, STRINGS, TYPES

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/"
_FIRST = ("$schema", "title", "description", "type", "format", "properties", "required")
_LAST = ("$defs", "x-eventsmith")
_FORMS = {name: {"type": kind} for kind, name in TYPES.items()} | {
    name: {"type": "string", "format": form} for form, name in STRINGS.items()
}


def exported(snapshot: Snapshot, event: Model, classes: Iterable[Class], description: str) -> str:
    """Return the text of the importing service's own snapshot."""
    definitions = {node.name: _definition(node) for node in classes}
    schema = {
        "$schema": _DIALECT,
        "title": snapshot.event.name,
        **_definition(event),
        "description": description,
        **({"$defs": dict(sorted(definitions.items()))} if definitions else {}),
        "x-eventsmith": {
            "type": str(snapshot.event),
            "version": snapshot.event.version,
            "stream": snapshot.stream,
        },
    }
    return json.dumps(_ordered(schema), indent=2, ensure_ascii=False) + "\n"


def _definition(node: Class) -> Json:
    described = {"description": node.description} if node.description else {}
    if not isinstance(node, Model):
        return _ordered({"enum": [*node.values], **_kind_of(node.values), **described})
    required = [field.key for field in node.fields if field.required]
    fields: Json = {"type": "object", "properties": {f.key: _field(f) for f in node.fields}}
    if required:
        fields["required"] = required
    if node.extra is not None:
        fields["additionalProperties"] = node.extra
    return _ordered(fields | described)


def _field(field: Field) -> Json:
    default = {} if field.default is None else {"default": field.default.value}
    return _ordered(_schema(field.type) | default)


def _schema(node: Node) -> Json:
    match node:
        case Plain(kind, limits, form):
            said = _FORMS.get(kind, {}) | ({} if form is None else {"format": form})
            return _ordered(said | _limits(limits, LIMITS.get(kind, {})))
        case Choice(values):
            allowed: Json = {"const": values[0]} if len(values) == 1 else {"enum": [*values]}
            return _ordered(allowed | _kind_of(values))
        case Union(options, about):
            return _union([_schema(option) for option in options], about)
        case Items() | Row() | Table():
            return _ordered(_container(node))
    return {"$ref": f"{_REF}{node.name}"}


def _union(options: Sequence[Json], about: Discriminator | None) -> Json:
    if about is None:
        return {"anyOf": [*options]}
    references = {value: f"{_REF}{name}" for value, name in about.classes}
    told = {"mapping": references, "propertyName": about.key}
    return {"discriminator": told, "oneOf": options}


def _container(node: Items | Row | Table) -> Json:
    match node:
        case Items(item, unique, limits):
            unequal = {"uniqueItems": True} if unique else {}
            said = {"type": "array", "items": _schema(item), **unequal}
            return said | _limits(limits, SIZE_OF_LIST)
        case Row(items):
            places = {"prefixItems": [_schema(item) for item in items]} if items else {}
            size = {"minItems": len(items), "maxItems": len(items)}
            return {"type": "array", **places, **size}
    keys = _schema(node.keys) if node.keys else {}
    keys.pop("type", None)
    values = True if node.values == Plain("Any") else _schema(node.values)
    if "pattern" in keys:
        said = {"patternProperties": {keys.pop("pattern"): {} if values is True else values}}
    else:
        said = {"additionalProperties": values}
    names = {"propertyNames": keys} if keys else {}
    return {"type": "object", **said, **names, **_limits(node.limits, SIZE_OF_TABLE)}


def _limits(limits: Limits, keywords: Mapping[str, str]) -> Json:
    named = {name: keyword for keyword, name in keywords.items()}
    return {named[name]: value for name, value in limits}


def _kind_of(values: Sequence[Json]) -> Json:
    """Return the type of values, if they have the same."""
    types = {type(value) for value in values}
    kinds = [kind for kind, known in PYTHON.items() if types == {known[-1]}]
    return {"type": kinds[0]} if kinds else {}


def _ordered(schema: Json) -> Json:
    def place(key: str) -> tuple[int, int, str]:
        if key in _FIRST:
            return 0, _FIRST.index(key), key
        return (2, _LAST.index(key), key) if key in _LAST else (1, 0, key)

    return {key: schema[key] for key in sorted(schema, key=place)}
