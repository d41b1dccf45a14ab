"""Making and dropping databases on a server, embedded or given."""

import urllib.parse

import asyncpg

from ..db import Database


async def create_database(url: str, name: str, *, template: str = "template1") -> str:
    """Make the database unless it is there, as a copy of `template`; return its URL.

    `url` is that of another database on the same server. Raises DatabaseUnavailable.
    """
    connection = await Database(url, role="create-database").connect()
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    except asyncpg.DuplicateDatabaseError:
        pass
    finally:
        await connection.close()
    return urllib.parse.urlsplit(url)._replace(path=f"/{name}").geturl()


async def drop_database(url: str, name: str) -> None:
    """Drop the database if it is there, and end the sessions in it."""
    connection = await Database(url, role="drop-database").connect()
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()
