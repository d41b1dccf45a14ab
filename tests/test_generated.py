"""Generated services, installed for real: their own checks and tests pass."""

import json
from pathlib import Path

import pytest
from pytest_copie.plugin import Copie

from conftest import ROOT, program
from rendering import AWKWARD, MAIN, render
from running import Installed, install, needed, redis_server, run, uv

KINDS = ["str", "int", "float", "bool", "decimal", "uuid", "datetime", "date", "json"]
SERVICES = MAIN | AWKWARD | {"grown": MAIN["empty"]}
# The pipe has never heard of a service's names, so its tests run twice: on the embedded servers in
# a service with events of one's own, and on a real Redis in the one with the example. Elsewhere,
# and there on the embedded servers, those run in which names matter.
NAMES_MATTER = [name for name in SERVICES if name not in ("grown", "empty")]
EVENTS = [
    [
        "Noted",
        *(f"its_{kind}:{kind}" for kind in KINDS),
        *(f"all_{kind}:list:{kind}" for kind in KINDS),
    ],
    [
        "Noted",
        "--version",
        "2",
        "--stream",
        "notes",
        *(f"its_{kind}:{kind}:optional" for kind in KINDS),
    ],
    ["HappenedToo", "--role", "both"],
    ["Paid", "--role", "consumes", "--publisher", "web-billing", "date:date:optional", "due:date"],
]
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
        folder = render(copie_session, name, SERVICES[name]).folder
        for event in EVENTS if name == "grown" else ():
            added = program("add-event", *event, cwd=folder)
            assert added.returncode == 0, added.stderr
        installed[name] = install(folder)
    return installed[name]


@pytest.fixture
def redis_program() -> str:
    return needed("redis-server", "to test against one")


def test_is_clean_by_its_own_rules(service: Installed, mypy_cache: str) -> None:
    service.run("ruff", "check", ".")
    service.run("ruff", "format", "--check", ".")
    service.run("mypy", MYPY_CACHE_DIR=mypy_cache)


@pytest.mark.parametrize("service", ["grown"], indirect=True)
def test_passes_its_own_tests(service: Installed) -> None:
    service.run("pytest", "-q")


@pytest.mark.parametrize("service", NAMES_MATTER, indirect=True)
def test_passes_the_tests_in_which_names_matter(service: Installed) -> None:
    service.run("pytest", "-q", *NAMED, FLOW.format(service.answers()["aggregate_plural"]))


@pytest.mark.parametrize("service", ["default"], indirect=True)
def test_says_of_its_contracts_what_eventsmith_reports(service: Installed) -> None:
    def reported() -> object:
        listed = program("events", "--json", "-C", service.folder, cwd=ROOT)
        assert listed.returncode == 0, listed.stderr
        return [row["contract"] for row in json.loads(listed.stdout)]

    assert reported() == ["ok"]

    contract = service.folder / "src/orders/events/order_created.py"
    agreed = contract.read_text("utf-8")
    contract.write_text(agreed.replace("customer_id: str", "customer_id: int"), "utf-8")
    try:
        assert reported() == ["breaking"]
    finally:
        contract.write_text(agreed, "utf-8")


@pytest.mark.parametrize("service", ["default"], indirect=True)
def test_passes_its_own_tests_on_a_real_redis(
    service: Installed, redis_program: str, tmp_path: Path
) -> None:
    with redis_server(redis_program, tmp_path) as url:
        service.run("pytest", "-q", TEST_REDIS_URL=url)


def test_what_a_user_types_first_works(tmp_path: Path) -> None:
    """Also without this repository's pins."""
    made = program("new", "shop", "--defaults", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    shop = tmp_path / "shop"
    fields = ("carrier:str", "weight:decimal:optional", "tags:list:str")
    added = program("add-event", "OrderShipped", *fields, cwd=shop)
    assert added.returncode == 0, added.stderr

    run(shop, uv(), "run", "--quiet", "pytest", "-q", "tests/events", *NAMED, FLOW.format("orders"))
    checked = program("check", cwd=shop)
    assert checked.returncode == 0, checked.stdout + checked.stderr
