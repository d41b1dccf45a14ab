"""`dev`: every role in one process, on embedded servers whose data stays in .dev/."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import typer

from ..errors import Misconfigured
from ..http.serving import run, stop_signals
from ..logging import configure
from ..migrate import migrate
from ..roles.api import run_api
from ..roles.consumer import run_consumer
from ..roles.relay import run_relay
from ..service import AnyService
from ..settings import Settings
from ..tracing.setup import tracing
from . import Postgres, Valkey, create_database
from .machine import free_port

FOLDER = Path(".dev")
PORTS = ("api_port", "relay_port", "consumer_port")


def run_everything(service: AnyService, host: str | None) -> None:
    """Migrate, then run api, relay and consumer until a signal comes."""
    with _servers(service.name) as urls:
        settings = service.load_settings(bind_host=host, **urls)
        configure(service.name, "dev", settings.log_level, settings.log_format)
        settings = settings.model_copy(update=_free_ports(settings))
        typer.echo(f"The API is on http://{settings.bind_host}:{settings.api_port}/docs")
        with tracing(service.name, settings, "dev"):
            run(_run(service, settings))


def run_command(service: AnyService, command: list[str]) -> int:
    """Run a command with DATABASE_URL and REDIS_URL set; its exit code. Raises Misconfigured."""
    if shutil.which(command[0]) is None:
        raise Misconfigured(
            f"no command '{command[0]}' here; 'uv run {service.name} dev' finds them"
        )
    with _servers(service.name) as urls:
        service.discover()
        run(migrate(service, urls["database_url"]))
        environment = {name.upper(): url for name, url in urls.items()}
        return subprocess.run(command, env=os.environ | environment, check=False).returncode


async def _run(service: AnyService, settings: Settings) -> None:
    service.discover()
    await migrate(service, settings.database_url.get_secret_value())
    with stop_signals() as stopping:
        async with asyncio.TaskGroup() as tasks:
            for role in (run_api, run_relay, run_consumer):
                tasks.create_task(role(service, settings, stopping))


@contextmanager
def _servers(database: str) -> Iterator[dict[str, str]]:
    """The addresses of both servers; what the environment names is taken in their place."""
    urls = {name: os.environ.get(name.upper(), "") for name in ("database_url", "redis_url")}
    with ExitStack() as stack:
        if not urls["database_url"]:
            postgres = stack.enter_context(Postgres(FOLDER / "postgres"))
            urls["database_url"] = run(create_database(postgres.url, database))
            typer.echo(f"PostgreSQL keeps its data in {postgres.folder}", err=True)
        if not urls["redis_url"]:
            valkey = stack.enter_context(Valkey(FOLDER / "valkey", port=6379))
            urls["redis_url"] = valkey.url
            at = f"REDIS_URL={valkey.url}"
            typer.echo(f"Valkey keeps its data in {valkey.folder}: {at}", err=True)
        yield urls


def _free_ports(settings: Settings) -> dict[str, int]:
    """Where a default port is taken, the next free one; a port that was chosen is left alone."""
    free: dict[str, int] = {}
    for name, field in ((name, Settings.model_fields[name]) for name in PORTS):
        if getattr(settings, name) == field.default:
            free[name] = free_port(max([field.default, *(port + 1 for port in free.values())]))
    return free
