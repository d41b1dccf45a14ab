"""Bringing a database to the schema this code needs: messaging's tables, then the service's."""

import asyncio
from pathlib import Path
from time import monotonic

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from .db import Database, reason_of
from .errors import DatabaseUnavailable, Misconfigured
from .messaging.handlers import registered_handlers
from .messaging.tables import VERSION_TABLE, handled_types, metadata
from .service import AnyService
from .waiting import wait

MESSAGING_MIGRATIONS = Path(__file__).parent / "messaging" / "migrations"
POLL = 1.0
"""Seconds between two checks of a database that another process migrates."""

log = structlog.get_logger()


async def migrate(service: AnyService, database_url: str) -> None:
    """Run both lines of migrations, and note which events this code handles.

    Several processes may run it at once; they take turns. A database that a later version has
    migrated stays as it is. Raises DatabaseUnavailable.
    """
    database = Database(database_url, role=f"{service.name}-migrate", idle_in_transaction=0)
    engine = database.engine(pool_size=1)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SET lock_timeout = 0"))
            await connection.execute(text("SELECT pg_advisory_lock(hashtext('migrate'))"))
            await connection.execute(text("SET lock_timeout = '10s'"))
            await connection.commit()
            await connection.run_sync(_upgrade, _messaging())
            await connection.run_sync(_upgrade, _own(service))
            await _note_handled_types(connection)
            await connection.commit()
            await connection.execute(text("SELECT pg_advisory_unlock_all()"))
    finally:
        await engine.dispose()


async def wait_until_migrated(
    service: AnyService, database_url: str, seconds: float, stopping: asyncio.Event
) -> None:
    """Wait until another process has migrated, at most for `seconds`; changes nothing.

    Raises DatabaseUnavailable when the time is up or `stopping` is set.
    """
    deadline, logged = monotonic() + seconds, ""
    while problem := await _problem(service, database_url):
        left = deadline - monotonic()
        if left <= 0 or stopping.is_set():
            raise problem
        if logged != str(problem):
            logged = str(problem)
            log.info("migrate.waiting", reason=logged)
        await wait(min(POLL, left), stopping)


async def _problem(service: AnyService, database_url: str) -> DatabaseUnavailable | None:
    """What keeps this code from running on the database."""
    engine = Database(database_url, role=f"{service.name}-migrate").engine(pool_size=1)
    try:
        async with engine.connect() as connection:
            configs = (_messaging(), _own(service))
            reached = [await connection.run_sync(_reached, config) for config in configs]
    except DatabaseUnavailable as error:
        return error
    except DBAPIError as error:
        return DatabaseUnavailable(reason_of(error))
    finally:
        await engine.dispose()
    behind = f"the database is behind this code; run: {service.name} migrate"
    return None if all(reached) else DatabaseUnavailable(behind)


def _reached(connection: Connection, config: Config) -> bool:
    """Whether the database is where this code needs it, or newer: at a revision it lacks."""
    script = ScriptDirectory.from_config(config)
    options = {"version_table": config.attributes.get("version_table", "alembic_version")}
    found = MigrationContext.configure(connection, opts=options).get_current_heads()
    known = {revision.revision for revision in script.walk_revisions()}
    return set(script.get_heads()) <= set(found) or not known >= set(found)


def _upgrade(connection: Connection, config: Config) -> None:
    if not _reached(connection, config):
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    connection.commit()


def _messaging() -> Config:
    config = Config()
    config.set_main_option("script_location", _escaped(MESSAGING_MIGRATIONS))
    config.attributes.update(metadata=metadata, version_table=VERSION_TABLE)
    return config


def _own(service: AnyService) -> Config:
    """The service's own migrations stand beside its sources, or in an image's work folder."""
    for root in (service.root, Path.cwd()):
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
