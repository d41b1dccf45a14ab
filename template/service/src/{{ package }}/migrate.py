"""Bringing a database to the schema this code needs: the pipe's tables, then the service's."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from . import SERVICE
from .db import Database
from .errors import Misconfigured
from .handlers.registry import registered_handlers
from .messaging.tables import VERSION_TABLE, handled_types, metadata

PIPE = Path(__file__).parent / "messaging" / "migrations"


async def migrate(database_url: str) -> None:
    """Run both lines of migrations, and note which events this code handles.

    May be run by several processes at once; they take turns. Raises DatabaseUnavailable.
    """
    database = Database(database_url, role=f"{SERVICE}-migrate", idle_in_transaction=0)
    engine = database.engine(pool_size=1)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SET lock_timeout = 0"))
            await connection.execute(text("SELECT pg_advisory_lock(hashtext('migrate'))"))
            await connection.execute(text("SET lock_timeout = '10s'"))
            await connection.commit()
            await connection.run_sync(_upgrade, _pipe())
            await connection.run_sync(_upgrade, _service())
            await _note_handled_types(connection)
            await connection.commit()
            await connection.execute(text("SELECT pg_advisory_unlock_all()"))
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()


def _pipe() -> Config:
    config = Config()
    config.set_main_option("script_location", _escaped(PIPE))
    config.attributes.update(metadata=metadata, version_table=VERSION_TABLE)
    return config


def _service() -> Config:
    """The service's own migrations stand beside its sources, or in an image's work folder."""
    for root in (Path(__file__).parents[2], Path.cwd()):
        if (root / "migrations" / "env.py").is_file():
            config = Config()
            config.set_main_option("script_location", _escaped(root / "migrations"))
            return config
    raise Misconfigured("there is no migrations/ here; run this in the project's folder")


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")


async def _note_handled_types(connection: AsyncConnection) -> None:
    """Until the rollout ends, older consumers leave events of these types to newer ones."""
    types = list(registered_handlers())
    await connection.execute(delete(handled_types).where(handled_types.c.event_type.not_in(types)))
    if types:
        rows = [{"event_type": event_type} for event_type in types]
        await connection.execute(insert(handled_types).values(rows).on_conflict_do_nothing())
