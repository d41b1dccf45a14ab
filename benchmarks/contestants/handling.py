"""What the peers' handlers do: the same statements as the generated service's, in one transaction.

The inbox row first, by a statement that is made once, then the upsert of the service's own sample
handler, both by SQLAlchemy.
"""

import os
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Numeric, String
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

CONCURRENCY = int(os.environ["CONSUMER_CONCURRENCY"])


class Base(DeclarativeBase):
    """Base of the tables."""


class Inbox(Base):
    """What was handled."""

    __tablename__ = "inbox"

    handler: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]


class CustomerTotal(Base):
    """The service's read model."""

    __tablename__ = "customer_totals"

    customer_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    orders: Mapped[int]
    total_amount: Mapped[Decimal] = mapped_column(Numeric(18, 2))


engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"),
    pool_size=CONCURRENCY,
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
inbox = Base.metadata.tables["inbox"]
NEW = insert(inbox).on_conflict_do_nothing().returning(inbox.c.event_id)


async def handle(event_id: UUID, customer_id: str, total_amount: Decimal) -> None:
    """Apply an event once."""
    async with sessions.begin() as session:
        row = {"handler": "order_created", "event_id": event_id, "state": "done"}
        if await session.scalar(NEW, row) is None:
            return
        first = insert(CustomerTotal).values(
            customer_id=customer_id,
            orders=1,
            total_amount=total_amount,
        )
        added = first.on_conflict_do_update(
            index_elements=["customer_id"],
            set_={
                "orders": CustomerTotal.orders + 1,
                "total_amount": CustomerTotal.total_amount + total_amount,
            },
        )
        await session.execute(added)
