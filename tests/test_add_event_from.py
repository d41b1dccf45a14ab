"""`eventsmith add-event --from`: another service's event, as its publisher describes it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conftest import Eventsmith, assert_refused, tree

CONTRACT = "src/shop/events/orders_order_placed.py"
HANDLER = "src/shop/handlers/orders_order_placed.py"
SNAPSHOT = "contracts/orders.OrderPlaced.v1.json"
ANSWERS = ".copier-answers.d/orders.OrderPlaced.v1.yml"
PLACED: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "OrderPlaced",
    "description": "An order was placed.",
    "type": "object",
    "properties": {
        "amount": {"type": "string", "format": "decimal"},
        "status": {"$ref": "#/$defs/Status"},
        "notes": {"type": "array", "items": {"type": "string", "maxLength": 80}},
    },
    "required": ["amount", "status", "notes"],
    "$defs": {"Status": {"enum": ["new", "paid"], "type": "string"}},
    "x-eventsmith": {"type": "orders.OrderPlaced.v1", "version": 1, "stream": "sales"},
}
Follow = Callable[..., Result]


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """Return the folder of a publisher that keeps one contract."""
    contracts = tmp_path / "orders" / "contracts"
    contracts.mkdir(parents=True)
    write(tmp_path / "orders", PLACED)
    return tmp_path / "orders"


@pytest.fixture
def follow(eventsmith: Eventsmith, orders: Path, shop: Path) -> Follow:
    """Run the command for the publisher's event."""
    return lambda *args: eventsmith("add-event", "OrderPlaced", "--from", orders, "-C", shop, *args)


def write(service: Path, schema: dict[str, Any]) -> None:
    (service / SNAPSHOT).write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n")


def with_field(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return PLACED | {"properties": PLACED["properties"] | {name: schema}}


OPTIONAL = {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}


def test_the_contract_comes_with_its_types_stream_and_limits(follow: Follow, shop: Path) -> None:
    result = follow()

    assert result.exit_code == 0, result.output
    contract = (shop / CONTRACT).read_text()
    assert '@event("orders.OrderPlaced.v1", stream="sales")' in contract
    assert "class Status(StrEnum):" in contract
    assert "amount: Decimal" in contract
    assert "max_length=80" in contract
    assert (shop / HANDLER).exists()
    assert json.loads((shop / SNAPSHOT).read_text()) == PLACED


@pytest.mark.parametrize("place", ["orders", "orders/contracts", f"orders/{SNAPSHOT}"])
def test_a_service_its_contracts_or_one_file_can_be_named(
    eventsmith: Eventsmith, orders: Path, shop: Path, place: str
) -> None:
    assert orders.exists()
    result = eventsmith("add-event", "OrderPlaced", "--from", place, "-C", "shop")

    assert result.exit_code == 0, result.output
    assert (shop / CONTRACT).exists()


def test_an_event_of_ones_own_with_that_name_is_no_obstacle(
    follow: Follow, eventsmith: Eventsmith, shop: Path
) -> None:
    assert eventsmith("add-event", "OrderPlaced", "-C", shop).exit_code == 0

    assert follow().exit_code == 0
    assert (shop / "src/shop/events/order_placed.py").exists()
    assert (shop / CONTRACT).exists()


def test_run_again_it_follows_the_publisher(follow: Follow, orders: Path, shop: Path) -> None:
    assert follow().exit_code == 0
    (shop / HANDLER).write_text("# mine\n")
    write(orders, with_field("note", OPTIONAL))
    result = follow()

    assert result.exit_code == 0, result.output
    assert f"updated    {CONTRACT}" in result.stdout
    assert "note: str | None = None" in (shop / CONTRACT).read_text()
    assert "note" in json.loads((shop / SNAPSHOT).read_text())["properties"]
    assert "note" in (shop / ANSWERS).read_text()
    assert (shop / HANDLER).read_text() == "# mine\n"


def test_an_edited_contract_is_shown_beside_the_publishers(
    follow: Follow, orders: Path, shop: Path
) -> None:
    assert follow().exit_code == 0
    edited = (shop / CONTRACT).read_text().replace("amount: Decimal", "amount: Decimal  # net")
    (shop / CONTRACT).write_text(edited)
    write(orders, with_field("note", OPTIONAL))
    before = {path: (shop / path).read_bytes() for path in tree(shop)}
    result = follow()

    assert_refused(result, CONTRACT, "has been edited")
    assert "+    note: str | None = None\n" in result.stdout
    assert {path: (shop / path).read_bytes() for path in tree(shop)} == before


def test_what_was_declared_by_hand_can_follow_later(
    follow: Follow, eventsmith: Eventsmith, shop: Path
) -> None:
    by_hand = ("amount:decimal", "--role", "consumes", "--publisher", "orders")
    assert eventsmith("add-event", "OrderPlaced", *by_hand, "-C", shop).exit_code == 0
    result = follow()

    assert result.exit_code == 0, result.output
    assert "class Status(StrEnum):" in (shop / CONTRACT).read_text()


@pytest.mark.parametrize("args", [("a:str",), ("--stream", "s"), ("--role", "both")])
def test_only_the_publisher_says_what_the_event_is(follow: Follow, args: tuple[str, ...]) -> None:
    assert_refused(follow(*args), "leave out fields, --stream and --role", code=2)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "JSON"),
        ("[1]", ""),
        ('{"a": ' * 100_000, ""),
        (json.dumps(with_field("x", {"$ref": "http://example.com/x.json"})), "none of its own"),
        (json.dumps(with_field("x", {"$ref": "#"})), ""),
        (json.dumps(with_field("x", {"not": {}})), "not"),
        ('{"a": "' + "x" * 10_000_000 + '"}', ""),
    ],
)
def test_a_broken_or_hostile_schema_gets_one_line_and_no_file(
    follow: Follow, orders: Path, shop: Path, text: str, part: str
) -> None:
    (orders / SNAPSHOT).write_text(text)
    before = tree(shop)

    assert_refused(follow(), "orders.OrderPlaced.v1.json", part)
    assert tree(shop) == before


def test_code_in_a_schema_stays_text(follow: Follow, orders: Path, shop: Path) -> None:
    """Also in those places that become a docstring, a name, a default and a pattern."""
    evil = '"""\n__import__("os").system("touch pwned")\n"""'
    schema = PLACED | {
        "description": evil,
        "$defs": {"Status": {"enum": [evil, "\\"], "type": "string"}},
    }
    write(orders, schema)
    result = follow()

    if result.exit_code == 0:
        module = compile((shop / CONTRACT).read_text(), CONTRACT, "exec")
        assert "__import__" not in module.co_names
    else:
        assert_refused(result, "orders.OrderPlaced.v1.json")


def test_services_that_are_not_there_are_named(
    eventsmith: Eventsmith, shop: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    for place, part in (("nowhere", "does not exist"), ("empty", "contracts export")):
        result = eventsmith("add-event", "X", "--from", place, "-C", shop)
        assert_refused(result, part)


def test_a_name_that_is_almost_right_gets_a_guess(
    eventsmith: Eventsmith, orders: Path, shop: Path
) -> None:
    assert_refused(
        eventsmith("add-event", "OrderPlacd", "--from", orders, "-C", shop), "OrderPlaced"
    )
