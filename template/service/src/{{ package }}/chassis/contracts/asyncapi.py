"""The AsyncAPI 3 document: on which streams this service publishes and consumes what.

Its schemas are of JSON Schema's draft 7, and their references start from the whole document.
"""

from collections.abc import Container, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from ..messaging.envelope import JSON, SPEC_VERSION
from .schema import REF, Schema, rebuilt

_TEXT = {"type": "string"}
_ID = {"type": "string", "format": "uuid"}
ATTRIBUTES: Schema = {
    "type": "object",
    "description": "CloudEvents 1.0 in binary mode: fields of the stream's entry, beside `data`.",
    "properties": {
        "ce_specversion": {"type": "string", "const": SPEC_VERSION},
        "ce_id": _ID,
        "ce_source": _TEXT | {"description": "The service that published it."},
        "ce_type": _TEXT,
        "ce_subject": _TEXT | {"description": "The id of the aggregate that it is about."},
        "ce_time": {"type": "string", "format": "date-time"},
        "content-type": {"type": "string", "const": JSON},
        "ce_traceparent": _TEXT | {"description": "Trace context, as W3C defines it."},
        "ce_tracestate": _TEXT,
        "ce_causationid": _ID | {"description": "The event that this one follows from."},
        "ce_correlationid": _TEXT | {"description": "The event that the chain began with."},
    },
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time"],
}


def document(
    service: str,
    contracts: Mapping[str, Schema],
    handled: Container[str],
    about: Mapping[str, str],
) -> dict[str, Any]:
    """Everything is in the order of the types. `handled` are those this service reacts to; `about`
    is what AsyncAPI calls info, without the title."""
    used = {
        (action, name): contract
        for name, contract in sorted(contracts.items())
        for action in _actions(service, name, handled)
    }
    named = {name: contract for (_, name), contract in used.items()}
    streams = sorted({_stream(contract) for contract in named.values()})
    return {
        "asyncapi": "3.0.0",
        "info": {"title": service, **about},
        "defaultContentType": JSON,
        "servers": {"redis": _server()},
        "channels": {stream: _channel(stream, named) for stream in streams},
        "operations": {
            f"{action}.{name}": _operation(action, name, _stream(contract))
            for (action, name), contract in used.items()
        },
        "components": {
            "messages": {name: _message(name, contract) for name, contract in named.items()},
            "schemas": {"CloudEvent": ATTRIBUTES, **_schemas(named)},
        },
    }


def _actions(service: str, name: str, handled: Container[str]) -> list[str]:
    published = name.startswith(f"{service}.")
    return ["send"] * published + ["receive"] * (name in handled)


def _server() -> dict[str, Any]:
    host = {"default": "localhost:6379", "description": "The host and port of REDIS_URL."}
    return {"host": "{host}", "protocol": "redis", "variables": {"host": host}}


def _channel(stream: str, contracts: Mapping[str, Schema]) -> dict[str, Any]:
    return {
        "address": stream,
        "description": "A Redis stream; KEY_PREFIX goes before its name.",
        "messages": {
            name: _ref("components", "messages", name)
            for name, contract in contracts.items()
            if _stream(contract) == stream
        },
    }


def _operation(action: str, name: str, stream: str) -> dict[str, Any]:
    message = _ref("channels", stream, "messages", name)
    return {"action": action, "channel": _ref("channels", stream), "messages": [message]}


def _message(name: str, contract: Schema) -> dict[str, Any]:
    attributes = {"ce_source": {"const": name.partition(".")[0]}, "ce_type": {"const": name}}
    return {
        "name": name,
        "title": contract["title"],
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "headers": {
            "type": "object",
            "allOf": [_ref("components", "schemas", "CloudEvent")],
            "properties": attributes,
        },
        "payload": _ref("components", "schemas", name),
    }


def _schemas(contracts: Mapping[str, Schema]) -> dict[str, Schema]:
    """The payloads by type, and what is nested in them by type and name."""
    schemas = {}
    for name, contract in contracts.items():
        payload = {k: v for k, v in contract.items() if k not in ("$schema", "$defs")}
        schemas[name] = rebuilt(payload, partial(_draft_7, name))
        for inner, schema in contract.get("$defs", {}).items():
            schemas[f"{name}.{inner}"] = rebuilt(schema, partial(_draft_7, name))
    return schemas


def _draft_7(name: str, schema: Schema) -> Schema:
    """The same in the older dialect, where nothing may stand beside a reference."""
    schema = {key: value for key, value in schema.items() if key != "discriminator"}
    if "prefixItems" in schema:
        schema["additionalItems"] = schema.pop("items", True)
        schema["items"] = schema.pop("prefixItems")
    if "$ref" not in schema:
        return schema
    inner = schema.pop("$ref").removeprefix(REF)
    reference = _ref("components", "schemas", f"{name}.{inner}")
    return {"allOf": [reference], **schema} if schema else reference


def _stream(contract: Schema) -> str:
    return str(contract["x-eventsmith"]["stream"])


def _ref(*path: str) -> dict[str, str]:
    escaped = (quote(name.replace("~", "~0").replace("/", "~1")) for name in path)
    return {"$ref": f"#/{'/'.join(escaped)}"}
