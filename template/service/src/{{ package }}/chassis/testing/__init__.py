"""The test kit of a service: a pytest plugin with real servers and one object to test with.

A test asks for what it needs:

- `service`, a `Harness`: give it events, read what handlers and endpoints changed and emitted;
- `client`, an `httpx.AsyncClient` of the API, in this process; a commit precedes the response;
- `processes`, which starts commands of the service; a test may kill them.

Each test has a database of its own, copied from a migrated one, and its own key prefix. The
servers are embedded ones, or those of `TEST_DATABASE_URL` and `TEST_REDIS_URL`: no other variable
and no `.env` is read, for these may point at staging. `examples.example` makes an event whose
values do not matter.
"""

import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from pkgutil import resolve_name

import httpx
import pytest

from ..http.app import create_app
from ..service import Service
from ..settings import Settings
from .harness import Harness as Harness
from .harness import open_harness as open_harness
from .harness import wire_fields as wire_fields
from .process import Process as Process
from .process import Processes as Processes

pytest_plugins = [f"{__name__}.databases"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("chassis_service", "where the service is: package.service:service")


@pytest.fixture(scope="session")
def composed_service(pytestconfig: pytest.Config) -> Service[Settings]:
    """The service under test, as its `service.py` composes it."""
    service: Service[Settings] = resolve_name(pytestconfig.getini("chassis_service"))
    service.discover()
    return service


@pytest.fixture(scope="session", autouse=True)
def _bare_environment(composed_service: Service[Settings]) -> Iterator[None]:
    """Hide what the developer's shell and `.env` say about the service."""
    settings = {name.upper() for name in composed_service.settings.model_fields}
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper() in settings or name.startswith(("PG", "OTEL_")):
                patch.delenv(name)
        for kind in (composed_service.settings, Settings):
            patch.setitem(kind.model_config, "env_file", None)
        yield


@pytest.fixture
def environment(database_url: str, redis_url: str, key_prefix: str) -> dict[str, str]:
    """What tells a process, or `open_harness`, where this test's database and keys are."""
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "KEY_PREFIX": key_prefix}


@pytest.fixture
async def service(
    composed_service: Service[Settings], environment: dict[str, str]
) -> AsyncIterator[Harness]:
    """The service on this test's own database."""
    async with open_harness(composed_service, environment) as harness:
        yield harness


@pytest.fixture
async def client(service: Harness) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API. What an endpoint raises by mistake, the test raises too."""
    app = create_app(service.composed, service.units, service.notifier)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
async def processes(
    composed_service: Service[Settings], environment: dict[str, str], tmp_path: Path
) -> AsyncIterator[Processes]:
    """Processes of the service, on this test's database and keys."""
    command = Path(sys.executable).with_name(composed_service.name)
    processes = Processes(command, tmp_path, environment)
    yield processes
    for process in processes.started:
        await process.end()
