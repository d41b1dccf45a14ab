"""Which function reacts to which event."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from ..errors import Misconfigured
from .events import DomainEvent
from .unit_of_work import UnitOfWork

_E = TypeVar("_E", bound=DomainEvent)
HandlerFunction = Callable[[_E, UnitOfWork], Awaitable[None]]
BatchFunction = Callable[[Sequence[_E], UnitOfWork], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Handler:
    """One reaction to one event, or to a batch of them. `timeout` is in seconds; without
    `max_attempts` the service's own setting holds."""

    name: str
    event: type[DomainEvent]
    function: Callable[..., Awaitable[None]]
    max_attempts: int | None
    timeout: float
    batch: int | None = None

    async def run(self, events: Sequence[DomainEvent], uow: UnitOfWork) -> None:
        """Call the function: with all events if it takes batches, else with the only one."""
        await self.function(events if self.batch else events[0], uow)


_registry: dict[str, Handler] = {}


@overload
def handles(
    event: type[_E], *, name: str, max_attempts: int | None = None, timeout: float = 300
) -> Callable[[HandlerFunction[_E]], HandlerFunction[_E]]: ...


@overload
def handles(
    event: type[_E],
    *,
    name: str,
    batch: int,
    max_attempts: int | None = None,
    timeout: float = 300,
) -> Callable[[BatchFunction[_E]], BatchFunction[_E]]: ...


def handles(
    event: type[Any],
    *,
    name: str,
    batch: int | None = None,
    max_attempts: int | None = None,
    timeout: float = 300,
) -> Callable[[Any], Any]:
    """Let a function react to an event, once for each event.

    `name` is what the inbox remembers: rename the function freely, but a new name is a new
    handler, which runs for every event that is delivered again. `timeout` is in seconds.

    With `batch` the function gets a list of up to so many events, in one transaction: all of them
    or none. What it does outside the database it may do again for events that did not fail: after
    a failure each event of the batch is handled alone, by a list of one. A batch is what one read
    brought, so it is never larger than CONSUMER_CONCURRENCY, and nothing waits for it to fill.
    """

    def register(function: Any) -> Any:
        other = _registry.get(name)
        if other is not None:
            raise Misconfigured(
                f"two handlers are named {name!r}: in {other.function.__module__} "
                f"and in {function.__module__}; names are unique"
            )
        _registry[name] = Handler(name, event, function, max_attempts, timeout, batch)
        return function

    return register


def registered_handlers() -> Mapping[str, Sequence[Handler]]:
    """Every handler declared so far, by the type of its event on the wire."""
    by_type: dict[str, list[Handler]] = defaultdict(list)
    for handler in _registry.values():
        by_type[str(handler.event.event_type)].append(handler)
    return by_type


def streams_read() -> set[str]:
    """Every stream that a handler listens to."""
    return {handler.event.event_type.stream for handler in _registry.values()}
