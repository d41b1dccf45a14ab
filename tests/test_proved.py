"""The exhaustive suite of the chassis holds for generated services, whatever their names are."""

from pathlib import Path

import pytest

from conftest import program
from rendering import AWKWARD
from running import SUITE, Installed, needed, prove, redis_server, run, uv

# The chassis has never heard of a service's names, and the suite has a service of its own, so the
# whole suite runs twice: on the embedded servers against a service with events of its own, and on a
# real Redis against `orders`. Against the others run files that import most of it, and the pages.
NAMED = ["unit/test_contract_commands.py", "integration/test_migrations.py", "pages"]


@pytest.fixture
def redis_program() -> str:
    return needed("redis-server", "to test against one")


@pytest.mark.parametrize("service", ["grown"], indirect=True)
def test_the_whole_suite_holds_with_events_of_its_own(service: Installed) -> None:
    prove(service)


@pytest.mark.parametrize("service", ["default"], indirect=True)
def test_the_whole_suite_holds_on_a_real_redis(
    service: Installed, redis_program: str, tmp_path: Path
) -> None:
    with redis_server(redis_program, tmp_path) as url:
        prove(service, TEST_REDIS_URL=url)


@pytest.mark.parametrize("service", ["empty", *AWKWARD], indirect=True)
def test_the_suite_holds_whatever_the_names_are(service: Installed) -> None:
    prove(service, *NAMED)


@pytest.mark.parametrize("service", ["empty", *AWKWARD, "grown"], indirect=True)
def test_a_service_passes_its_own_tests_whatever_the_names_are(service: Installed) -> None:
    service.run("pytest", "-q")


@pytest.mark.parametrize("service", [*AWKWARD, "grown"], indirect=True)
def test_a_service_is_clean_by_its_own_rules_whatever_the_names_are(
    service: Installed, mypy_cache: str
) -> None:
    service.check(mypy_cache)


@pytest.mark.parametrize("service", ["default"], indirect=True)
def test_the_suite_is_typed(service: Installed, mypy_cache: str) -> None:
    paths = f"{service.folder / 'src'}:{SUITE.parent}"
    service.run("mypy", "--package", SUITE.name, MYPYPATH=paths, MYPY_CACHE_DIR=mypy_cache)


def test_what_a_user_types_first_works(tmp_path: Path) -> None:
    """Also without this repository's pins."""
    made = program("new", "shop", "--defaults", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    shop = tmp_path / "shop"
    fields = ("carrier:str", "weight:decimal:optional", "tags:list:str")
    added = program("add-event", "OrderShipped", *fields, cwd=shop)
    assert added.returncode == 0, added.stderr

    run(shop, uv(), "run", "--quiet", "pytest", "-q")
    checked = program("check", cwd=shop)
    assert checked.returncode == 0, checked.stdout + checked.stderr
