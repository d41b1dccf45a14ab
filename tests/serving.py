"""A rendered service's servers, started by its own code, and what the service answers."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from conftest import ROOT
from running import free_port

HOLDER = ROOT / "generator" / "eventsmith" / "demo" / "holder.py"
ROLES = ["api", "relay", "consumer"]


@dataclass(frozen=True, slots=True)
class Servers:
    """A Postgres with a database, and a Valkey; and the settings for roles to work with them."""

    database: str
    settings: dict[str, str]
    _questions: IO[str]
    _answers: IO[str]

    def rows(self, query: str) -> Any:
        """Return what the database answers."""
        self._questions.write(f"{json.dumps([self.database, query])}\n")
        self._questions.flush()
        return json.loads(self._answers.readline())


@contextmanager
def holding(folder: Path, database: str) -> Iterator[Servers]:
    """Run the servers of the service in a folder; each role gets a port."""
    python = folder / ".venv" / "bin" / "python"
    with subprocess.Popen(
        [python, HOLDER, "orders", database],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdin
        assert holder.stdout
        held = json.loads(holder.stdout.readline())
        settings = {name: held[name] for name in ("DATABASE_URL", "REDIS_URL")}
        settings |= {f"{role.upper()}_PORT": str(free_port()) for role in ROLES}
        try:
            yield Servers(database, settings, holder.stdin, holder.stdout)
        finally:
            holder.communicate()


def ask(port: str, path: str, body: object = None) -> Any:
    """Return what a role answers, asking until it does so with a success."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"http://127.0.0.1:{port}{path}", data, {"content-type": "application/json"})
    deadline = time.monotonic() + 60
    while True:
        try:
            with urlopen(request, timeout=10) as response:  # noqa: S310 - the address is ours
                return json.load(response)
        except (URLError, ConnectionError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
