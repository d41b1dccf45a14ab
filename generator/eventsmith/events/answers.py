"""From what is typed to the answers of an event, which the template's questions then check."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eventsmith.errors import EventsmithError
from eventsmith.events.fields import plain
from eventsmith.schema.finding import find as find_contract
from eventsmith.schema.source import contract_source
from eventsmith.service import Service

ASKED = {
    *("event", "event_publisher", "event_version", "event_role", "event_stream"),
    *("event_fields", "event_code", "event_schema"),
}


@dataclass(frozen=True, slots=True)
class Request:
    """The event that is wanted, and the service that `folder` lies in.

    `origin` is another service, its contracts or one schema file: then the event is that
    service's, and consumed. What is None follows from the rest.
    """

    folder: Path
    name: str
    fields: Sequence[str] = ()
    role: str | None = None
    publisher: str | None = None
    version: int | None = None
    stream: str | None = None
    origin: Path | None = None
    template: str | None = None


def event_answers(request: Request, service: Service) -> dict[str, Any]:
    """Return the answers that describe the event; raises EventsmithError."""
    wanted = _imported(request, request.origin) if request.origin else _declared(request, service)
    before = service.event(event_type(wanted))
    # What is not said again stays: to add a handler, one need not repeat the fields.
    return (asked(before.answers) if before else {}) | wanted


def asked(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers that were given; the others follow from them."""
    return {key: answers[key] for key in ASKED & answers.keys()}


def event_type(answers: Mapping[str, Any]) -> str:
    """Return the event's identity, such as `orders.OrderCreated.v1`."""
    return "{event_publisher}.{event}.v{event_version}".format_map(answers)


def _declared(request: Request, service: Service) -> dict[str, Any]:
    if request.role == "consumes" and not request.publisher:
        raise EventsmithError("--role consumes: say whose event it is by --publisher, or by --from")
    given = {
        "event": request.name,
        "event_publisher": request.publisher or service.slug,
        "event_version": request.version or 1,
        "event_role": request.role,
        "event_stream": request.stream,
        "event_fields": [plain(field) for field in request.fields] or None,
    }
    return {key: value for key, value in given.items() if value is not None}


def _imported(request: Request, origin: Path) -> dict[str, Any]:
    contract = find_contract(origin, request.name, request.version, request.publisher)
    name, version = contract.event.name, contract.event.version
    code = contract_source(contract, f"{name}V{version}" if version > 1 else name)
    return {
        "event": name,
        "event_publisher": contract.event.publisher,
        "event_version": version,
        "event_role": "consumes",
        "event_stream": contract.stream,
        "event_fields": [],
        "event_code": {
            "imports": code.imports.splitlines(),
            "classes": code.classes.splitlines(),
            "description": code.description,
            "fields": code.fields.splitlines(),
        },
        "event_schema": json.loads(code.snapshot),
    }
