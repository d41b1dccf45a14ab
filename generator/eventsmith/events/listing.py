"""`eventsmith events`: the events of a service, and what it does with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eventsmith.contracts import ask
from eventsmith.service import Event, Service, find


@dataclass(frozen=True, slots=True)
class Row:
    """One event. `handler` is the path of its handler, `contract` what its service says of it.

    `handler` is None where there is none, `contract` where the service could not be asked.
    """

    event: str
    version: int
    publisher: str
    role: str
    stream: str
    handler: str | None
    contract: str | None


def events(folder: Path) -> Sequence[Row]:
    """Return the events of the service that `folder` lies in."""
    service = find(folder)
    contracts = ask(service) if service.events else None
    return [
        _row(service, event, contracts.status(event.type) if contracts else None)
        for event in service.events
    ]


def _row(service: Service, event: Event, contract: str | None) -> Row:
    answers = event.answers
    handler = f"src/{service.answers['package']}/handlers/{event.module}.py"
    return Row(
        event=answers["event"],
        version=answers["event_version"],
        publisher=answers["event_publisher"],
        role=answers["event_role"],
        stream=answers["event_stream"],
        handler=handler if (service.folder / handler).is_file() else None,
        contract=contract,
    )
