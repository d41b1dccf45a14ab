"""`eventsmith catalog` brings together what several services say, and says what is wrong."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from conftest import Eventsmith, assert_refused
from shops import MONEY, TEXT, Shop, contract, made_up

CREATED = contract("orders.OrderCreated.v1", customer_id=TEXT)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Return an empty folder for services, in the folder where the command runs."""
    return Shop(tmp_path / "services")


def catalog(eventsmith: Eventsmith, *args: object) -> dict[str, Any]:
    result = eventsmith("catalog", *args, "--format", "json")
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def kinds(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(notice["kind"], notice["service"]) for notice in document["notices"]]


def test_a_table_says_who_publishes_and_who_consumes(eventsmith: Eventsmith) -> None:
    made_up(Path("services"))

    result = eventsmith("catalog", "services")

    assert result.exit_code == 0
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert lines[0] == "event version publisher stream consumers"
    assert "OrderCreated 2 orders orders inventory" in lines
    assert "InvoicePaid 1 billing billing orders, shipping (breaks)" in lines
    assert "AddressChanged 1 customers (missing) customers billing" in lines
    assert "remark: inventory.StockRanLow.v1: none of these services consumes it" in lines
    assert result.stderr == "note: found billing, inventory, orders, shipping\n"


def test_json_has_everything_under_names_that_stay(eventsmith: Eventsmith, shop: Shop) -> None:
    shop.event(shop.service("orders", "Takes orders"), "publishes", CREATED)
    shop.event(shop.service("inventory"), "consumes", CREATED)

    document = catalog(eventsmith, "services")

    assert list(document) == ["services", "events", "notices"]
    assert [list(service.values()) for service in document["services"]] == [
        ["inventory", "inventory", "", "services/inventory"],
        ["orders", "orders", "Takes orders", "services/orders"],
    ]
    assert list(document["services"][0]) == ["slug", "name", "description", "folder"]
    assert document["events"] == [
        {
            "type": "orders.OrderCreated.v1",
            "publisher": "orders",
            "name": "OrderCreated",
            "version": 1,
            "versions": [1],
            "stream": "orders",
            "publishers": ["orders"],
            "consumers": [{"service": "inventory", "contract": "current"}],
            "contract": CREATED,
            "example": {"customer_id": "customer_id"},
        }
    ]


def test_mermaid_draws_events_between_services(eventsmith: Eventsmith, shop: Shop) -> None:
    shop.event(shop.service("end"), "both", contract("end.Done.v1"))

    assert eventsmith("catalog", "services", "--format", "mermaid").stdout.splitlines() == [
        "flowchart LR",
        '  s0["end"]',
        '  e0(["Done v1"])',
        "  s0 --> e0",
        "  e0 --> s0",
    ]


def test_a_service_as_it_is_made_is_in_the_catalog(eventsmith: Eventsmith, untouched: Path) -> None:
    shutil.copytree(untouched, "shop")
    shutil.rmtree("shop/.copier-answers.d", ignore_errors=True)

    document = catalog(eventsmith, "shop", ".", "shop/../shop")

    assert [service["slug"] for service in document["services"]] == ["shop"]
    [event] = document["events"]
    assert (event["type"], event["publishers"]) == ("shop.OrderCreated.v1", ["shop"])
    assert event["consumers"] == [{"service": "shop", "contract": "current"}]
    assert document["notices"] == []


def test_events_written_by_hand_are_told_by_their_contracts(
    eventsmith: Eventsmith, shop: Shop
) -> None:
    shop.promise(shop.service("orders"), CREATED)
    shop.promise(shop.service("inventory"), CREATED)

    [event] = catalog(eventsmith, "services")["events"]

    assert event["publishers"] == ["orders"]
    assert event["consumers"] == [{"service": "inventory", "contract": "current"}]


def test_an_event_nobody_publishes_is_a_warning(eventsmith: Eventsmith, shop: Shop) -> None:
    inventory = shop.service("inventory")
    shop.service("orders")
    shop.event(inventory, "consumes", CREATED)
    shop.event(inventory, "consumes", contract("billing.Paid.v1"))

    document = catalog(eventsmith, "services")

    assert kinds(document) == [("unpublished", "billing"), ("unpublished", "orders")]
    away, here = (notice["message"] for notice in document["notices"])
    assert "name the folder of billing" in away
    assert "orders is here, and has no such event" in here


def test_a_contract_that_is_missing_or_unreadable_is_a_warning(
    eventsmith: Eventsmith, shop: Shop
) -> None:
    orders, inventory = shop.service("orders"), shop.service("inventory")
    shop.plan(orders, "orders.OrderCreated.v1", "publishes")
    shop.event(inventory, "consumes", CREATED)
    (inventory / "contracts/orders.OrderCreated.v1.json").write_text("{")

    document = catalog(eventsmith, "services")

    assert kinds(document) == [("no-contract", "orders"), ("unreadable-contract", "inventory")]
    assert document["events"][0]["consumers"][0]["contract"] == "unknown"


def test_two_sides_on_different_streams_are_a_warning(eventsmith: Eventsmith, shop: Shop) -> None:
    shop.event(shop.service("orders"), "publishes", CREATED)
    elsewhere = contract("orders.OrderCreated.v1", "orders-2", customer_id=TEXT)
    shop.event(shop.service("inventory"), "consumes", elsewhere)

    document = catalog(eventsmith, "services")

    assert kinds(document) == [("stream-differs", "inventory")]
    assert document["events"][0]["stream"] == "orders"


def test_two_services_of_one_slug_are_a_warning(eventsmith: Eventsmith, shop: Shop) -> None:
    shop.service("orders")
    shop.service("orders", at="copy")

    document = catalog(eventsmith, "services")

    assert kinds(document) == [("same-slug", "orders")]
    assert "services/copy and services/orders" in document["notices"][0]["message"]


def test_an_event_nobody_consumes_is_only_a_remark(eventsmith: Eventsmith, shop: Shop) -> None:
    shop.event(shop.service("orders"), "publishes", CREATED)

    [notice] = catalog(eventsmith, "services")["notices"]

    assert (notice["kind"], notice["level"]) == ("unconsumed", "remark")
    assert eventsmith("catalog", "services", "--strict").exit_code == 0


def test_warnings_are_failures_only_if_asked_for(eventsmith: Eventsmith, shop: Shop) -> None:
    shop.event(shop.service("orders"), "publishes", CREATED)
    shop.event(shop.service("inventory"), "consumes", contract("orders.OrderCreated.v1", x=MONEY))

    assert eventsmith("catalog", "services").exit_code == 0
    strict = eventsmith("catalog", "services", "--strict")
    assert strict.exit_code == 1
    assert "warning: orders.OrderCreated.v1: the contract in inventory cannot" in strict.stdout


def test_versions_of_an_event_stand_side_by_side(eventsmith: Eventsmith, shop: Shop) -> None:
    orders = shop.service("orders")
    shop.event(orders, "both", contract("orders.OrderCreated.v10"))
    shop.event(orders, "both", contract("orders.OrderCreated.v2"))

    events = catalog(eventsmith, "services")["events"]

    assert [event["version"] for event in events] == [2, 10]
    assert all(event["versions"] == [2, 10] for event in events)


def test_other_projects_beside_the_services_are_left_out(
    eventsmith: Eventsmith, shop: Shop
) -> None:
    shop.service("orders")
    library = shop.service("library")
    (library / ".copier-answers.yml").write_text("_src_path: elsewhere\n")
    (shop.folder / "notes").mkdir()

    assert [s["slug"] for s in catalog(eventsmith, "services")["services"]] == ["orders"]


def test_refuses_what_is_no_service(eventsmith: Eventsmith) -> None:
    Path("empty").mkdir()

    assert_refused(eventsmith("catalog", "empty"), "empty is no service and holds none")
    assert_refused(eventsmith("catalog", "nowhere"), "nowhere is no folder")
    assert_refused(eventsmith("catalog"), "Missing argument", code=2)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (".copier-answers.yml", "<<<<<<< ours\n"),
        (".copier-answers.yml", 'kind: service\nproject_slug: "a\\"]; b"\n'),
        (".copier-answers.d/x.yml", "kind: event\nevent_type: <b>\nevent_role: both\n"),
        (".copier-answers.d/x.yml", "kind: event\nevent_type: a.B.v1\nevent_role: eats\n"),
    ],
)
def test_a_service_that_cannot_be_read_is_named(
    eventsmith: Eventsmith, shop: Shop, file: str, text: str
) -> None:
    shop.service("orders")
    (shop.service("inventory") / file).write_text(text)

    result = eventsmith("catalog", "services")

    assert_refused(result, f"services/inventory/{file}")
    assert result.stdout == ""
