"""Holds a service's embedded servers, and asks them, until stdin ends; runs in its Python."""

import asyncio
import importlib
import json
import sys
from typing import Any

asyncpg = importlib.import_module("asyncpg")


def main(package: str, database: str) -> None:
    """Make one more database, tell how to reach it, then answer queries."""
    embedded = importlib.import_module(f"{package}.chassis.dev")
    folder = importlib.import_module(f"{package}.chassis.dev.everything").FOLDER
    with (
        embedded.Postgres(folder / "postgres") as postgres,
        embedded.Valkey(folder / "valkey", port=6379) as valkey,
    ):
        names = (package, database)
        urls = {name: asyncio.run(embedded.create_database(postgres.url, name)) for name in names}
        pids = [postgres.pid, valkey.pid]
        tell({"DATABASE_URL": urls[database], "REDIS_URL": valkey.url, "pids": pids})
        for line in sys.stdin:
            name, query = json.loads(line)
            tell(asyncio.run(rows(urls[name], query)))


async def rows(url: str, query: str) -> list[list[Any]]:
    """Return what a database answers."""
    connection = await asyncpg.connect(url)
    try:
        return [list(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


def tell(what: object) -> None:
    """Write a line for the demo."""
    sys.stdout.write(f"{json.dumps(what, default=str)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
