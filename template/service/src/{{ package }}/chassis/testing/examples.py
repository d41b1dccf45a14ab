"""Examples of events: values that the contract allows, the same in each run."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from polyfactory.factories.pydantic_factory import ModelFactory
from uuid_utils.compat import uuid7

from ..messaging.events import DomainEvent

_E = TypeVar("_E", bound=DomainEvent)


class _Examples(ModelFactory[Any]):
    """Makes values as they occur, where the contract does not say more."""

    __is_base_factory__ = True
    __allow_none_optionals__ = False
    __check_model__ = False
    __random_seed__ = 1

    @classmethod
    def get_provider_map(cls) -> dict[Any, Callable[[], Any]]:
        amount = Decimal("12.50")
        usual = {str: lambda: "text", int: lambda: 7, float: lambda: 1.5, Decimal: lambda: amount}
        return super().get_provider_map() | usual


def example(event: type[_E], **fields: Any) -> _E:
    """An event that could have happened, with the given values in these fields."""
    values = {"event_id": uuid7(), "aggregate_id": "1"} | fields
    made: _E = _Examples.create_factory(event).build(**values)
    return made
