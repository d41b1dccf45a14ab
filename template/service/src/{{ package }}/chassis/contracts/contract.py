"""The contract of an event: the JSON Schema of its payload, as its class puts it on the wire."""

import json
from decimal import Decimal
from typing import Any

from pydantic import AliasChoices
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from ..errors import Misconfigured
from ..messaging.events import IDENTITY, DomainEvent
from .schema import REF, Schema, ordered, rebuilt

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DIGITS = {"max_digits": "x-max-digits", "decimal_places": "x-decimal-places"}


class _Generator(GenerateJsonSchema):
    """Pydantic's schemas, without titles made from names, and with decimals told as such."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> Schema:
        keywords = self.ValidationsMapping.numeric | _DIGITS
        given: Schema = {**schema}
        bounds = {keywords[name]: _number(given[name]) for name in keywords if name in given}
        return {"type": "string", "format": "decimal", **bounds}


def contract_of(event: type[DomainEvent]) -> Schema:
    """The contract of a class, its keys in order; raises Misconfigured if it cannot have one."""
    _check_names(event)
    payload, nested = _generated(event)
    of = event.event_type
    contract = payload | {
        "$schema": _DIALECT,
        "title": of.name,
        "properties": {k: v for k, v in payload["properties"].items() if k not in IDENTITY},
        "required": [name for name in payload["required"] if name not in IDENTITY],
        "$defs": {name: schema for name, schema in nested.items() if schema},
        "x-eventsmith": {"type": str(of), "version": of.version, "stream": of.stream},
    }
    for name in ("required", "$defs"):
        if not contract[name]:
            del contract[name]
    return rebuilt(contract, lambda part: ordered(_without_empty_ref(part, nested)))


def text_of(contract: Schema) -> str:
    """The contract as its snapshot has it."""
    return json.dumps(contract, indent=2, ensure_ascii=False) + "\n"


def _generated(event: type[DomainEvent]) -> tuple[Schema, Schema]:
    """What Pydantic makes of a class, identity included, and of those nested in it."""
    try:
        made = event.model_json_schema(mode="serialization", schema_generator=_Generator)
    except PydanticUserError as error:
        raise Misconfigured(f"{event.event_type} has no JSON Schema: {error.message}") from error
    nested: Schema = made.pop("$defs", {})
    for schema in nested.values():
        schema.pop("title", None)
    return nested.get(_referred(made), made), nested  # one that refers to itself is among them


def _without_empty_ref(schema: Schema, definitions: Schema) -> Schema:
    """Any JSON is `{}`, where Pydantic refers to a definition that says no more than that."""
    if definitions.get(_referred(schema), schema):
        return schema
    return {name: value for name, value in schema.items() if name != "$ref"}


def _referred(schema: Schema) -> str:
    return str(schema.get("$ref", "")).removeprefix(REF)


def _check_names(event: type[DomainEvent]) -> None:
    for name, field in event.model_fields.items():
        written, read = field.serialization_alias or name, field.validation_alias or name
        known = read.choices if isinstance(read, AliasChoices) else [read]
        if written not in known and not field.exclude:
            raise Misconfigured(
                f"{event.event_type} writes its field {name} as {written!r} and does not read "
                "that name; give it one alias="
            )


def _number(bound: Decimal | int) -> int | float:
    return int(bound) if bound == int(bound) else float(bound)
