"""What handlers and endpoints leave behind."""

from uuid import UUID

from sqlalchemy import BigInteger, Identity
from sqlalchemy.orm import Mapped, mapped_column

from orders.chassis.db import Base


class Effect(Base):
    """One row for each time that something was done: an event that is applied twice has two."""

    __tablename__ = "effects"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_id: Mapped[UUID]
    said: Mapped[str | None]
