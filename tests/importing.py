"""Contracts of made-up services: their schemas, and the modules that are made from those."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from eventsmith.errors import EventsmithError
from eventsmith.schema.reading import EventType, Snapshot
from eventsmith.schema.source import ContractSource, contract_source

IDENTITY = {"event_id", "aggregate_id", "occurred_at"}
# What makes no difference to values.
IDLE = {"title", "description", "deprecated", "mapping", "$schema", "$defs", "x-eventsmith"}
Schema = dict[str, Any]


class _Generator(GenerateJsonSchema):
    """As a service exports its contracts."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> Schema:
        keywords = {
            **self.ValidationsMapping.numeric,
            "max_digits": "x-max-digits",
            "decimal_places": "x-decimal-places",
        }
        given: Schema = {**schema}
        bounds = {keywords[key]: given[key] for key in keywords if key in given}
        return {"type": "string", "format": "decimal"} | {
            key: int(value) if value == int(value) else float(value)
            for key, value in bounds.items()
        }


def contract_of(event: type[BaseModel], type_: str = "orders.OrderCreated.v1") -> Schema:
    """Return what `contracts export` writes for the class of an event."""
    made = event.model_json_schema(mode="serialization", schema_generator=_Generator)
    definitions = made.pop("$defs", {})
    for definition in definitions.values():
        definition.pop("title", None)
    named = EventType.parse(type_)
    assert named
    contract = made | {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": named.name,
        "properties": {k: v for k, v in made["properties"].items() if k not in IDENTITY},
        "required": [name for name in made.get("required", []) if name not in IDENTITY],
        "$defs": {name: schema for name, schema in definitions.items() if schema},
        "x-eventsmith": {"type": type_, "version": named.version, "stream": named.publisher},
    }
    contract = {k: v for k, v in contract.items() if v or k not in {"required", "$defs"}}
    exported: Schema = json.loads(json.dumps(_without_empty(contract, definitions)))
    return exported


def _without_empty(part: Any, definitions: Schema) -> Any:
    """Any JSON is `{}`, where Pydantic refers to a definition that says no more than that."""
    if isinstance(part, list):
        return [_without_empty(inner, definitions) for inner in part]
    if not isinstance(part, dict):
        return part
    empty = definitions.get(str(part.get("$ref", "")).removeprefix("#/$defs/")) == {}
    return {
        key: _without_empty(inner, definitions)
        for key, inner in part.items()
        if not (empty and key == "$ref")
    }


def contract(properties: Schema, **more: Any) -> Schema:
    """Return the contract of an event with these fields, all of them required."""
    about = {"type": "orders.OrderCreated.v1", "version": 1, "stream": "orders"}
    return {
        "title": "OrderCreated",
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "x-eventsmith": about,
    } | more


def field(schema: Any, **more: Any) -> Schema:
    """Return the contract of an event whose only field is `total`."""
    return contract({"total": schema}, **more)


def imported(schema: Schema, class_name: str = "OrderCreated") -> ContractSource:
    """Return what eventsmith makes of a schema."""
    about = schema["x-eventsmith"]
    event = EventType.parse(about["type"])
    assert event
    snapshot = Snapshot(Path("contracts", f"{event}.json"), event, about["stream"], schema)
    return contract_source(snapshot, class_name)


def module_of(source: ContractSource, class_name: str = "OrderCreated") -> str:
    """Return the module of an imported event."""
    event = f'''\
@event("orders.OrderCreated.v1")
class {class_name}(DomainEvent):
    """{source.description}"""
'''
    parts = ['"""The contract of orders.OrderCreated.v1."""\n']
    parts += [source.imports, ""] if source.imports else []
    parts += ["from ..chassis import DomainEvent, event", "", ""]
    parts += [source.classes, "", ""] if source.classes else []
    return "\n".join([*parts, event, *([f"{source.fields}\n"] if source.fields else [])])


def loaded(source: ContractSource, class_name: str = "OrderCreated") -> type[BaseModel]:
    """Run the module of an imported event, and return its class."""
    code = module_of(source, class_name).replace("from ..chassis", "from eventing")
    module: dict[str, Any] = {"__name__": "imported"}
    exec(code, module)  # noqa: S102 - what it does is the question
    event: type[BaseModel] = module[class_name]
    return event


def essence(schema: Schema) -> Schema:
    """Return what a schema demands: references followed, remarks and the names of classes gone.

    Alternatives that are the same then are one.
    """
    definitions = schema.get("$defs", {})

    def told(part: Any) -> Any:
        if isinstance(part, list):
            return [told(inner) for inner in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            name = part["$ref"].removeprefix("#/$defs/")
            return told(definitions[name] | {k: v for k, v in part.items() if k != "$ref"})
        demands = {key: inside(key, inner) for key, inner in part.items() if key not in IDLE}
        options = demands.pop("anyOf", [])
        different = [option for i, option in enumerate(options) if option not in options[:i]]
        if len(different) == 1:
            return different[0] | demands
        return demands | ({"anyOf": different} if different else {})

    def inside(key: str, part: Any) -> Any:
        if key == "properties":
            return {name: told(inner) for name, inner in part.items()}
        return part if key == "default" else told(part)

    demanded: Schema = told(schema)
    return demanded


def assert_refused(schema: Schema, *parts: str) -> None:
    """Check that a schema is refused in one line that has these parts."""
    with pytest.raises(EventsmithError) as caught:
        imported(schema)
    message = str(caught.value)
    assert message.startswith("contracts/orders.OrderCreated.v1.json cannot be imported: ")
    assert message.replace("…", "").isascii()
    assert message.isprintable()
    assert len(message) < 400
    for part in parts:
        assert part in message
