"""Postgres: how this service connects, and which errors are the infrastructure's."""

import asyncio
import urllib.parse
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import MetaData
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from .errors import DatabaseUnavailable, Misconfigured

# Parameters of libpq that asyncpg would pass on to the server, which refuses them.
_LIBPQ_ONLY = (
    *("channel_binding", "connect_timeout", "fallback_application_name", "gssencmode"),
    *("keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval"),
    *("load_balance_hosts", "requirepeer", "sslcompression", "sslsni", "tcp_user_timeout"),
)
# Connection lost, serialization failure, deadlock, out of resources, shutdown, lock timeout:
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_INFRASTRUCTURE = ("08", "40001", "40P01", "53", "57P0", "55P03", "25P03")
_UNDEFINED_TABLE = "42P01"
DATABASE_ERRORS = (DBAPIError, DatabaseUnavailable)
"""What a statement raises, whether Postgres or the statement is at fault."""
CONNECTION_ERRORS = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
CONNECT_TIMEOUT = 5.0
"""Seconds."""
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_ADVICE = (
    "DATABASE_URL must look like postgresql://user:password@host:5432/db, "
    "with special characters of the password as %XX"
)


class Base(DeclarativeBase):
    """Base of the service's own tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        }
    )


class _Dialect(PGDialect_asyncpg):
    """SQLAlchemy's own, which does not translate asyncpg's errors while it sets up a connection."""

    supports_statement_cache = True

    def on_connect(self) -> Callable[[Any], None]:
        """What sets it up; raises DatabaseUnavailable if the connection breaks meanwhile."""
        set_up = super().on_connect()  # type: ignore[no-untyped-call]

        def connect(connection: Any) -> None:
            try:
                set_up(connection)
            except CONNECTION_ERRORS as error:
                raise DatabaseUnavailable(f"a connection to Postgres broke: {error}") from error

        return connect


registry.register("postgresql.translated", __name__, _Dialect.__name__)


class Database:
    """A Postgres database by its plain libpq URL, `postgres://` and `?sslmode=` included.

    `settings` go to the server with every connection. Every session times out: a frozen process
    or a lost host must not hold a row for ever.
    """

    def __init__(
        self, url: str, *, role: str, idle_in_transaction: float = 30, **settings: str
    ) -> None:
        parts = _split(url)
        query = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
        kept = [(name, value) for name, value in query if name not in _LIBPQ_ONLY]
        self._dsn = parts._replace(query=urllib.parse.urlencode(kept)).geturl()
        self.address = parts.netloc.rpartition("@")[2] + parts.path
        self._settings: Mapping[str, str] = {
            "application_name": role,
            "default_transaction_isolation": "read committed",
            "lock_timeout": "2s",
            "idle_in_transaction_session_timeout": f"{int(idle_in_transaction * 1000)}ms",
            "tcp_keepalives_idle": "10",
            "tcp_keepalives_interval": "5",
            "tcp_keepalives_count": "3",
            **settings,
        }

    async def connect(self) -> asyncpg.Connection:
        """One connection of its own, outside any pool; raises DatabaseUnavailable."""
        try:
            return await asyncpg.connect(
                self._dsn, timeout=CONNECT_TIMEOUT, server_settings=dict(self._settings)
            )
        except CONNECTION_ERRORS as error:
            reason = str(error) or type(error).__name__
            raise DatabaseUnavailable(
                f"no connection to Postgres at {self.address}: {reason}"
            ) from error
        except (ValueError, TypeError):
            raise Misconfigured(_ADVICE) from None

    def engine(self, pool_size: int) -> AsyncEngine:
        """A pool of at most `pool_size` connections. Values of statements are never logged."""
        return create_async_engine(
            "postgresql+translated://",
            async_creator=self.connect,
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,
        )


@asynccontextmanager
async def answer_within(seconds: float | None) -> AsyncIterator[None]:
    """Raise DatabaseUnavailable if the block takes longer: a connection may be dead and not know
    it. None is no limit."""
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise DatabaseUnavailable(f"no answer from Postgres in {seconds} s") from error


def reason_of(error: BaseException) -> str:
    """A database error in one line, without the values that Postgres or SQLAlchemy may quote."""
    if is_unmigrated(error):
        return "the database is not migrated"
    cause = error.orig if isinstance(error, DBAPIError) else error
    text = str(cause).partition("\n")[0]
    return text.rpartition("'>: ")[2] or type(cause).__name__


def is_infrastructure(error: BaseException) -> bool:
    """Whether Postgres failed, and not the statement."""
    if isinstance(error, DatabaseUnavailable):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or _sqlstate(error.orig).startswith(_INFRASTRUCTURE)
    return _sqlstate(error).startswith(_INFRASTRUCTURE)


def is_unmigrated(error: BaseException) -> bool:
    """Whether a table is missing, as it is before `migrate` ran."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return _sqlstate(cause) == _UNDEFINED_TABLE


def _split(url: str) -> urllib.parse.SplitResult:
    """Refuse what asyncpg would refuse later, or by quoting parts of a password."""
    try:
        parts = urllib.parse.urlsplit(url)
        several_hosts = "," in parts.netloc
        usable = several_hosts or parts.port is None or parts.port > 0
    except ValueError:
        raise Misconfigured(_ADVICE) from None
    if parts.scheme not in ("postgres", "postgresql") or "@" in parts.path or not usable:
        raise Misconfigured(_ADVICE)
    mode = dict(urllib.parse.parse_qsl(parts.query)).get("sslmode", "prefer")
    if mode not in _SSL_MODES:
        raise Misconfigured(f"DATABASE_URL: sslmode is one of {', '.join(_SSL_MODES)}")
    return parts


def _sqlstate(error: BaseException | None) -> str:
    return getattr(error, "sqlstate", None) or ""
