"""What owners import: names that load on demand, and nothing that a probe would pay for."""

import importlib
import subprocess
import sys

import pytest

import orders.chassis
from chassis import PACKAGE

HEAVY = ("sqlalchemy", "pydantic", "fastapi", "redis", "alembic", "typer", "structlog")
PROBE = f"""
import sys
from time import process_time

began = process_time()
import {PACKAGE}.chassis.http.healthcheck
print(process_time() - began, *sys.modules)
"""


@pytest.mark.parametrize("name", orders.chassis.__all__)
def test_every_name_of_the_chassis_can_be_imported(name: str) -> None:
    assert getattr(orders.chassis, name) is not None


def test_a_name_that_the_chassis_lacks_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'DomainEvnt'"):
        orders.chassis.DomainEvnt  # type: ignore[attr-defined]  # noqa: B018 - asking is the test


def test_names_of_the_chassis_are_listed_for_completion() -> None:
    assert set(orders.chassis.__all__) <= set(dir(orders.chassis))


def test_a_star_imports_every_name() -> None:
    found: dict[str, object] = {}

    exec("from orders.chassis import *", found)

    assert set(orders.chassis.__all__) <= found.keys()


def test_the_health_check_of_a_container_imports_no_framework() -> None:
    """It runs every few seconds in each container."""
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)

    seconds, *loaded = done.stdout.split()
    assert not set(HEAVY) & set(loaded)
    assert float(seconds) < 0.1


def test_the_owners_modules_can_be_a_package_or_a_single_module() -> None:
    discovery = importlib.import_module("orders.chassis.service")
    package = importlib.import_module("chassis.service.events")
    single = importlib.import_module("chassis.deliveries")

    assert [single] == discovery.import_modules(single)
    assert len(discovery.import_modules(package)) > 0
