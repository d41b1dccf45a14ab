"""Which function reacts to which event."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ..errors import Misconfigured
from ..events.base import DomainEvent
from ..uow import UnitOfWork

_E = TypeVar("_E", bound=DomainEvent)
HandlerFunction = Callable[[_E, UnitOfWork], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Handler:
    """One reaction to one event. `timeout` is in seconds; without `max_attempts` the
    service's own setting holds."""

    name: str
    event: type[DomainEvent]
    function: HandlerFunction[Any]
    max_attempts: int | None
    timeout: float


_registry: dict[str, Handler] = {}


def handles(
    event: type[_E], *, name: str, max_attempts: int | None = None, timeout: float = 300
) -> Callable[[HandlerFunction[_E]], HandlerFunction[_E]]:
    """Let a function react to an event, once for each event.

    `name` is what the inbox remembers: rename the function freely, but a new name is a new
    handler, which runs for every event that is delivered again. `timeout` is in seconds.
    """

    def register(function: HandlerFunction[_E]) -> HandlerFunction[_E]:
        other = _registry.get(name)
        if other is not None:
            raise Misconfigured(
                f"two handlers are named {name!r}: in {other.function.__module__} "
                f"and in {function.__module__}; names are unique"
            )
        _registry[name] = Handler(name, event, function, max_attempts, timeout)
        return function

    return register


def registered_handlers() -> Mapping[str, Sequence[Handler]]:
    """Every handler declared so far, by the type of its event on the wire."""
    by_type: dict[str, list[Handler]] = defaultdict(list)
    for handler in _registry.values():
        by_type[str(handler.event.event_type)].append(handler)
    return by_type
