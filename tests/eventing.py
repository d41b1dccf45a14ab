"""What the events of a service import, as far as their schemas depend on it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID, uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class DomainEvent(BaseModel):
    """As in template/service, without what makes it travel."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", allow_inf_nan=False, validate_by_name=True
    )

    event_id: UUID = Field(default_factory=uuid4, alias="event_id")
    aggregate_id: str = Field(alias="aggregate_id")
    occurred_at: AwareDatetime = Field(
        default_factory=lambda: datetime.now(UTC), alias="occurred_at"
    )


_E = TypeVar("_E", bound=DomainEvent)


def event(name: str, *, stream: str | None = None) -> Callable[[type[_E]], type[_E]]:
    """Leave the class as it is."""
    assert name
    assert stream != ""
    return lambda cls: cls
