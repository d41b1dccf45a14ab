"""The embedded servers: shared by the programs of a folder, and unharmed by any kill."""

import socket
import subprocess
import sys
from collections.abc import Callable

import asyncpg
import pytest
import redis

from orders.chassis.db import Database
from orders.chassis.dev import EmbeddedServerUnavailable, Postgres, Valkey

from ..processes import environment

StartPostgres = Callable[..., Postgres]
StartValkey = Callable[..., Valkey]

STARTS_AND_IS_KILLED = """
import chassis, os, pathlib, signal, sys
from orders.chassis.db import Database
from orders.chassis.dev import Valkey
Valkey(pathlib.Path(sys.argv[1])).start()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_second_user_joins_and_the_last_one_stops(private_valkey: StartValkey) -> None:
    first = private_valkey()
    second = Valkey(first.folder)
    pid = first.pid
    second.start()
    first.stop()

    assert second.running
    assert second.pid == pid

    second.stop()

    assert not second.running


def test_a_server_whose_starter_was_killed_is_joined(private_valkey: StartValkey) -> None:
    server = private_valkey()
    server.stop()
    program = [sys.executable, "-c", STARTS_AND_IS_KILLED, str(server.folder)]
    subprocess.run(program, env=environment(), check=False)
    pid = server.pid
    server.start()

    assert server.pid == pid

    server.stop()

    assert not server.running


def test_valkey_keeps_its_keys_when_killed(private_valkey: StartValkey) -> None:
    server = private_valkey()
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        client.set("key", "value")
        server.end()
        server.start()

        assert client.get("key") == "value"


def test_valkey_takes_the_next_port_when_its_own_is_taken(private_valkey: StartValkey) -> None:
    server = private_valkey()
    server.stop()
    with socket.create_server(("127.0.0.1", server.port)) as other:
        server.start()

        assert server.port > other.getsockname()[1]


def test_a_server_that_does_not_start_says_why(private_valkey: StartValkey) -> None:
    with pytest.raises(EmbeddedServerUnavailable, match="Bad directive"):
        private_valkey("--no-such-option", "1")


async def test_postgres_keeps_what_was_committed_when_killed(
    private_postgres: StartPostgres,
) -> None:
    server = private_postgres()
    connection = await asyncpg.connect(server.url)
    await connection.execute("CREATE TABLE kept AS SELECT 1 AS value")
    server.end()
    server.start()
    connection = await asyncpg.connect(server.url)

    assert await connection.fetchval("SELECT value FROM kept") == 1

    await connection.close()


async def test_postgres_asks_for_its_password(postgres_server: Postgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres_server.url, password="guessed")


async def test_each_test_has_a_database_of_its_own(
    database_url: str, template_database: tuple[str, str]
) -> None:
    connection = await Database(database_url, role="test").connect()
    name = await connection.fetchval("SELECT current_database()")
    await connection.close()

    assert name not in template_database
