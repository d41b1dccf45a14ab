"""Generated services, installed for real: their own checks and tests pass."""

import json

import pytest

from conftest import ROOT, program
from rendering import MAIN
from running import Installed

SERVICE = pytest.mark.parametrize("service", ["default"], indirect=True)


@pytest.mark.parametrize("service", MAIN, indirect=True)
def test_is_clean_by_its_own_rules(service: Installed, mypy_cache: str) -> None:
    service.check(mypy_cache)


@SERVICE
def test_passes_its_own_tests(service: Installed) -> None:
    service.run("pytest", "-q")


@SERVICE
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
