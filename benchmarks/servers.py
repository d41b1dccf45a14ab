"""The servers that all contestants share, and a clean database for each of their runs."""

import asyncio
import json
import subprocess
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
from redis import Redis

from benchmarks.installed import ROOT, Environment

CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Servers:
    """Where they are. `database` is one to connect to when making others."""

    database: str
    redis: str

    @property
    def broker(self) -> Redis:
        """A client of Redis."""
        return Redis.from_url(self.redis)

    def sql(self, database: str, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements, each by itself; what the last one answers."""
        return asyncio.run(_run(self.url(database), statements))

    def url(self, database: str) -> str:
        """Return the address of one database."""
        return urllib.parse.urlsplit(self.database)._replace(path=f"/{database}").geturl()

    def create(self, database: str, template: str = "template1") -> None:
        """Make a database anew, as a copy of another one."""
        self.sql(
            "postgres",
            f"DROP DATABASE IF EXISTS {database} WITH (FORCE)",
            f"CREATE DATABASE {database} TEMPLATE {template} STRATEGY file_copy",
            "CHECKPOINT",
        )

    @contextmanager
    def copy_of(self, template: str) -> Iterator[str]:
        """Make a database of a run's own for the block; yield its address."""
        self.create("run", template)
        try:
            yield self.url("run")
        finally:
            self.sql("postgres", "DROP DATABASE IF EXISTS run WITH (FORCE)")

    def fill(self, stream: str, entries: Iterator[Mapping[str, str | bytes]], count: int) -> None:
        """Write entries to a stream."""
        with self.broker as client:
            for start in range(0, count, CHUNK):
                with client.pipeline(transaction=False) as pipeline:
                    for _ in range(min(CHUNK, count - start)):
                        pipeline.xadd(stream, dict(next(entries)))
                    pipeline.execute()


async def _run(url: str, statements: tuple[str, ...]) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        rows: list[Any] = []
        for statement in statements:
            rows = await connection.fetch(statement)
        return [tuple(row) for row in rows]
    finally:
        await connection.close()


@contextmanager
def running(service: Environment, folder: Path) -> Iterator[Servers]:
    """Both servers, out of the service's own wheels."""
    script = ROOT / "benchmarks/contestants/servers.py"
    command = [service.program("python"), str(script), str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=service.work
    ) as process:
        told, pipe = process.stdout, process.stdin
        try:
            line = told.readline() if told else ""
            if not line:
                raise RuntimeError("the embedded servers do not start; what they said stands above")
            yield Servers(**json.loads(line))
        finally:
            if pipe:
                pipe.close()
