"""What owners import: names that load on demand, and nothing that a probe would pay for."""

import importlib
import subprocess
import sys

import pytest

import orders.chassis
from chassis import PACKAGE

HEAVY = ("sqlalchemy", "pydantic", "fastapi", "redis", "alembic", "typer")


@pytest.mark.parametrize("name", orders.chassis.__all__)
def test_every_name_of_the_chassis_can_be_imported(name: str) -> None:
    assert getattr(orders.chassis, name) is not None


def test_a_name_that_the_chassis_lacks_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'DomainEvnt'"):
        orders.chassis.DomainEvnt  # noqa: B018 - asking is the test


def test_names_of_the_chassis_are_listed_for_completion() -> None:
    assert set(orders.chassis.__all__) <= set(dir(orders.chassis))


def test_the_health_check_of_a_container_imports_no_framework() -> None:
    program = (
        f"import sys, {PACKAGE}.chassis.http.healthcheck\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert loaded.stdout == "[]\n"


def test_the_owners_modules_can_be_a_package_or_a_single_module() -> None:
    discovery = importlib.import_module("orders.chassis.service")
    package = importlib.import_module("chassis.service.events")
    single = importlib.import_module("chassis.deliveries")

    assert [single] == discovery.import_modules(single)
    assert len(discovery.import_modules(package)) > 0
