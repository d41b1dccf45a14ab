"""Which database URLs are understood, and which errors are nobody's fault."""

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from orders.chassis.db import Database, is_infrastructure
from orders.chassis.errors import DatabaseUnavailable, Misconfigured


@pytest.mark.parametrize(
    "url",
    [
        *("mysql://h/db", "postgresql+asyncpg://h/db", "h/db", ""),
        *("postgresql://h:port/db", "postgresql://[::1/db", "postgresql://me:pa/ss@h/db"),
        "postgresql://h/db?sslmode=bogus",
    ],
)
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="DATABASE_URL"):
        Database(url, role="test")


@pytest.mark.parametrize(
    "url",
    [
        "postgres://me:p%40ss@db/orders",
        "postgresql://db/orders?sslmode=require&channel_binding=require&connect_timeout=10",
        "postgresql://one:5432,two:5433/orders?target_session_attrs=read-write",
        "postgresql:///orders?host=/var/run/postgresql",
        "postgresql://db/orders?options=-c%20search_path%3Dx",
    ],
)
def test_urls_as_providers_hand_them_out_are_understood(url: str) -> None:
    assert Database(url, role="test")


def test_an_address_never_shows_the_password() -> None:
    database = Database("postgres://me:secret@db.example:5433/orders?sslmode=require", role="test")

    assert database.address == "db.example:5433/orders"


async def test_an_unreachable_server_is_one_line_without_the_password() -> None:
    database = Database("postgresql://me:secret@127.0.0.1:1/orders", role="test")

    with pytest.raises(DatabaseUnavailable) as raised:
        await database.connect()

    assert "127.0.0.1:1/orders" in str(raised.value)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("error", "nobodys_fault"),
    [
        (asyncpg.ConnectionDoesNotExistError(), True),
        (asyncpg.DeadlockDetectedError(), True),
        (asyncpg.SerializationError(), True),
        (asyncpg.LockNotAvailableError(), True),
        (asyncpg.TooManyConnectionsError(), True),
        (asyncpg.AdminShutdownError(), True),
        (asyncpg.IdleInTransactionSessionTimeoutError(), True),
        (asyncpg.UniqueViolationError(), False),
        (asyncpg.QueryCanceledError(), False),
        (asyncpg.UndefinedTableError(), False),
    ],
)
def test_errors_are_told_apart_by_their_sqlstate(
    error: asyncpg.PostgresError,
    nobodys_fault: bool,
) -> None:
    assert nobodys_fault == is_infrastructure(DBAPIError("", {}, error))


def test_a_connection_that_is_gone_is_nobodys_fault_whatever_it_said_last() -> None:
    assert is_infrastructure(DBAPIError("", {}, ValueError(), connection_invalidated=True))


def test_an_error_of_the_handlers_own_is_its_fault() -> None:
    assert not is_infrastructure(ConnectionRefusedError())
