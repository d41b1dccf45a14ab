"""Examples of events: values that the contract allows, the same in each run."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar

from uuid_utils.compat import uuid7

from ..messaging.events import DomainEvent

_E = TypeVar("_E", bound=DomainEvent)


def example(event: type[_E], **fields: Any) -> _E:
    """An event that could have happened, with the given values in these fields."""
    values = {"event_id": uuid7(), "aggregate_id": "1"} | fields
    made = _factory().create_factory(event).build(**values)
    assert isinstance(made, event)
    return made


@cache
def _factory() -> Any:
    """Makes values as they occur, where the contract does not say more. Loaded when it is first
    wanted: every process that a test starts imports the kit."""
    from polyfactory.factories.pydantic_factory import ModelFactory

    class Examples(ModelFactory[Any]):
        __is_base_factory__ = True
        __allow_none_optionals__ = False
        __check_model__ = False
        __random_seed__ = 1

        @classmethod
        def get_provider_map(cls) -> dict[Any, Callable[[], Any]]:
            usual: dict[Any, Callable[[], Any]] = {
                str: lambda: "text",
                int: lambda: 7,
                float: lambda: 1.5,
                Decimal: lambda: Decimal("12.50"),
            }
            return super().get_provider_map() | usual

    return Examples
