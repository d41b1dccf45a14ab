"""Generated services, installed for real: their own checks and tests pass."""

from pathlib import Path

import pytest
from pytest_copie.plugin import Copie

from conftest import program
from rendering import AWKWARD, MAIN, render
from running import Installed, install, needed, redis_server, run, uv

SERVICES = MAIN | AWKWARD
# The pipe has never heard of a service's names, so its tests run where it can differ: with and
# without the example. Elsewhere those run in which names matter.
WHOLE = ["default", "empty"]
NAMED = ["tests/unit", "tests/integration/test_api.py", "tests/integration/test_migrations.py"]
FLOW = "tests/integration/test_{}.py"


@pytest.fixture(scope="session")
def installed() -> dict[str, Installed]:
    """Remember what is installed already, so that no service is installed twice."""
    return {}


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Let the services share what mypy knows of the packages that all of them install."""
    return str(tmp_path_factory.mktemp("mypy"))


@pytest.fixture(params=SERVICES)
def service(
    request: pytest.FixtureRequest, copie_session: Copie, installed: dict[str, Installed]
) -> Installed:
    name = request.param
    if name not in installed:
        installed[name] = install(render(copie_session, name, SERVICES[name]).folder)
    return installed[name]


@pytest.fixture
def redis_program() -> str:
    return needed("redis-server", "to test against one")


def test_is_clean_by_its_own_rules(service: Installed, mypy_cache: str) -> None:
    service.run("ruff", "check", ".")
    service.run("ruff", "format", "--check", ".")
    service.run("mypy", MYPY_CACHE_DIR=mypy_cache)


@pytest.mark.parametrize("service", WHOLE, indirect=True)
def test_passes_its_own_tests(service: Installed) -> None:
    service.run("pytest", "-q")


@pytest.mark.parametrize("service", [name for name in SERVICES if name not in WHOLE], indirect=True)
def test_passes_the_tests_in_which_names_matter(service: Installed) -> None:
    service.run("pytest", "-q", *NAMED, FLOW.format(service.answers()["aggregate_plural"]))


@pytest.mark.parametrize("service", ["default"], indirect=True)
def test_passes_its_own_tests_on_a_real_redis(
    service: Installed, redis_program: str, tmp_path: Path
) -> None:
    with redis_server(redis_program, tmp_path) as url:
        service.run("pytest", "-q", TEST_REDIS_URL=url)


def test_what_a_user_types_first_works(tmp_path: Path) -> None:
    """Also without this repository's pins."""
    made = program("new", "orders", cwd=tmp_path)
    assert made.returncode == 0, made.stderr

    run(tmp_path / "orders", uv(), "sync", "--quiet")
    run(tmp_path / "orders", uv(), "run", "pytest", "-q", *NAMED, FLOW.format("orders"))
