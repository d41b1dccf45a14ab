"""The Alembic environment of a service's own tables, which its `migrations/env.py` runs."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection

from .db import Base, Database
from .messaging import tables
from .service import AnyService

CHASSIS_TABLES = {*tables.metadata.tables, tables.VERSION_TABLE}


def run_alembic(service: AnyService, **options: Any) -> None:
    """Run the service's migrations, or print them as SQL where Alembic is offline.

    `options` go to Alembic's `context.configure`, such as `include_schemas=True`.
    """
    service.discover()
    if context.is_offline_mode():
        _run(None, options)
    elif connection := context.config.attributes.get("connection"):
        _run(connection, options)
    else:
        asyncio.run(_connected(service, options))


def _run(connection: Connection | None, options: dict[str, Any]) -> None:
    context.configure(
        connection=connection,
        dialect_name="postgresql",
        target_metadata=Base.metadata,
        include_name=_is_own,
        literal_binds=connection is None,
        **options,
    )
    with context.begin_transaction():
        context.run_migrations()


def _is_own(name: str | None, kind: str, _: object) -> bool:
    return kind != "table" or name not in CHASSIS_TABLES


async def _connected(service: AnyService, options: dict[str, Any]) -> None:
    """Run on a connection made here, as the `alembic` command needs it."""
    url = service.load_settings().database_url.get_secret_value()
    engine = Database(url, role=f"{service.name}-alembic").engine(pool_size=1)
    async with engine.connect() as connection:
        await connection.run_sync(_run, options)
    await engine.dispose()
