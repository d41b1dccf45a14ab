"""Two lines of migrations that never meet: the pipe's and the service's."""

import asyncio
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, MetaData, String, Table, text

from orders.chassis.db import Base, Database
from orders.chassis.errors import DatabaseUnavailable
from orders.chassis.messaging import handlers as registry
from orders.chassis.messaging.tables import VERSION_TABLE, metadata
from orders.chassis.migrate import migrate, wait_until_migrated

from ..pipe import Probed, handler
from ..service import service


def config() -> Config:
    """Alembic as the command finds it in the service's folder."""
    return Config(service.root / "alembic.ini")


@pytest.fixture(autouse=True)
def _environment(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")


async def execute(database_url: str, statement: str) -> None:
    """Do something to the database that no migration does."""
    engine = Database(database_url, role="tests").engine(1)
    async with engine.begin() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


async def is_migrated(database_url: str) -> bool:
    """Whether a process would start on the database now."""
    try:
        await wait_until_migrated(service, database_url, 0, asyncio.Event())
    except DatabaseUnavailable as error:
        return "is behind this code" not in str(error)
    return True


async def differences(database_url: str, tables: MetaData, names: set[str]) -> list[Any]:
    """What autogenerate would change about the tables of these names."""

    def compare(connection: Connection) -> list[Any]:
        def wanted(name: str | None, kind: str, _: object) -> bool:
            return kind != "table" or name in names

        context = MigrationContext.configure(connection, opts={"include_name": wanted})
        found: list[Any] = compare_metadata(context, tables)
        return found

    engine = Database(database_url, role="tests").engine(1)
    async with engine.connect() as connection:
        found = await connection.run_sync(compare)
    await engine.dispose()
    return found


async def test_models_and_migrations_agree() -> None:
    await asyncio.to_thread(command.check, config())


def test_the_service_has_one_head() -> None:
    assert len(ScriptDirectory.from_config(config()).get_heads()) <= 1


async def test_the_pipes_tables_and_their_migrations_agree(database_url: str) -> None:
    assert [] == await differences(database_url, metadata, set(metadata.tables))


async def test_a_new_column_is_all_that_autogenerate_finds(database_url: str) -> None:
    changed = MetaData(naming_convention=Base.metadata.naming_convention)
    for table in Base.metadata.sorted_tables:
        table.to_metadata(changed)
    added = Table("added", changed, Column("id", String, primary_key=True))
    for table in changed.sorted_tables:
        if table is not added:
            table.append_column(Column("added", String))

    found = await differences(database_url, changed, set(changed.tables))

    kinds = [difference[0] for difference in found]
    assert sorted(kinds) == ["add_column"] * (len(changed.tables) - 1) + ["add_table"]


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    await asyncio.gather(migrate(service, database_url), migrate(service, database_url))


async def test_several_may_migrate_a_new_database_at_once(database_url: str) -> None:
    connection = await Database(database_url, role="tests").connect()
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()

    await asyncio.gather(*(migrate(service, database_url) for _ in range(3)))

    assert [] == await differences(database_url, metadata, set(metadata.tables))


async def test_what_this_code_handles_is_noted_and_what_it_no_longer_does_is_not(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the rollout, so that no older consumer skips an event of a new type."""
    monkeypatch.setattr(registry, "_registry", {"probed": handler()})
    connection = await Database(database_url, role="tests").connect()
    await connection.execute("INSERT INTO handled_types VALUES ('gone.Gone.v1')")

    for _ in range(2):
        await migrate(service, database_url)

    noted = await connection.fetch("SELECT event_type FROM handled_types")
    await connection.close()
    assert [str(Probed.event_type)] == [row["event_type"] for row in noted]


async def test_the_pipes_tables_are_not_the_services_business() -> None:
    assert not {*metadata.tables, VERSION_TABLE} & set(Base.metadata.tables)


async def test_a_database_is_behind_until_both_lines_are_there(database_url: str) -> None:
    assert await is_migrated(database_url)
    await execute(database_url, f"DELETE FROM {VERSION_TABLE}")
    assert not await is_migrated(database_url)


async def test_who_waits_goes_on_as_soon_as_another_process_has_migrated(
    empty_database_url: str,
) -> None:
    waiting = asyncio.create_task(
        wait_until_migrated(service, empty_database_url, 60, asyncio.Event())
    )
    assert not await is_migrated(empty_database_url)
    await migrate(service, empty_database_url)

    async with asyncio.timeout(10):
        await waiting


async def test_who_waits_changes_nothing(empty_database_url: str) -> None:
    assert not await is_migrated(empty_database_url)
    engine = Database(empty_database_url, role="tests").engine(1)
    async with engine.connect() as connection:
        tables = await connection.scalar(text("SELECT count(*) FROM pg_stat_user_tables"))
    await engine.dispose()

    assert tables == 0


async def test_who_waits_ends_when_it_is_told_to(empty_database_url: str) -> None:
    stopping = asyncio.Event()
    waiting = asyncio.create_task(wait_until_migrated(service, empty_database_url, 600, stopping))
    stopping.set()

    with pytest.raises(DatabaseUnavailable):
        await asyncio.wait_for(waiting, 10)


async def test_a_version_runs_on_a_database_that_a_later_one_has_migrated(
    database_url: str,
) -> None:
    """As in a rollout, and after one that was taken back."""
    await execute(database_url, f"UPDATE {VERSION_TABLE} SET version_num = 'from the future'")

    assert await is_migrated(database_url)
    await migrate(service, database_url)
