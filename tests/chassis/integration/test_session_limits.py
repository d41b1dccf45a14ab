"""Sessions of Postgres end by themselves, whatever the server's own settings are."""

from orders.chassis.db import Database

from ..pipe import Pipe

LIMITS = {
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "30s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "transaction_isolation": "read committed",
}


async def test_sessions_end_by_themselves_and_see_what_others_committed(
    pipe: Pipe, database_url: str
) -> None:
    """A relay that took its lock after another one must see what that one published."""
    (here,) = await pipe.rows("SELECT quote_ident(current_database()) AS name")
    for name, value in (("lock_timeout", "0"), ("default_transaction_isolation", "serializable")):
        await pipe.rows(f"ALTER DATABASE {here.name} SET {name} = '{value}'")

    connection = await Database(database_url, role="tests").connect()
    found = {name: await connection.fetchval(f"SHOW {name}") for name in LIMITS}
    await connection.close()

    assert found == LIMITS
