"""`eventsmith add-event`: what it makes and says, and that it adds files and edits none."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import Result

from conftest import Eventsmith, assert_refused, git, tree
from eventsmith.service import find

SHIPPED = ("OrderShipped", "carrier:str", "weight:decimal:optional", "tags:list:str")
CONTRACT = "src/shop/events/order_shipped.py"
HANDLER = "src/shop/handlers/order_shipped.py"
TESTS = "tests/events/test_order_shipped.py"
AddEvent = Callable[..., Result]


@pytest.fixture
def add_event(eventsmith: Eventsmith, shop: Path, monkeypatch: pytest.MonkeyPatch) -> AddEvent:
    """Run the command in the service."""
    monkeypatch.chdir(shop)
    return lambda *args: eventsmith("add-event", *args)


def added(shop: Path) -> list[str]:
    """Return the files that git has not seen, after checking that it finds no other change."""
    status = git(shop, "status", "--porcelain", "--untracked-files=all").splitlines()
    assert [line for line in status if not line.startswith("?? ")] == []
    return sorted(line.removeprefix("?? ") for line in status)


def contents(shop: Path) -> dict[str, bytes]:
    return {path: (shop / path).read_bytes() for path in tree(shop)}


@pytest.mark.parametrize(
    ("role", "files"),
    [
        ("publishes", [CONTRACT, TESTS]),
        ("both", [CONTRACT, HANDLER, TESTS]),
    ],
)
def test_adds_files_and_edits_none(
    add_event: AddEvent, shop: Path, role: str, files: list[str]
) -> None:
    result = add_event(*SHIPPED, "--role", role)

    assert result.exit_code == 0, result.output
    snapshot = "contracts/shop.OrderShipped.v1.json"
    assert added(shop) == sorted([".copier-answers.d/shop.OrderShipped.v1.yml", snapshot, *files])
    assert all(f"created    {file}" in result.stdout for file in files)


def test_shows_where_the_users_code_goes(add_event: AddEvent) -> None:
    stdout = add_event(*SHIPPED, "--role", "both").stdout

    assert "uow.emit(OrderShipped(aggregate_id=…, carrier=…, weight=…, tags=…))" in stdout
    assert f"react to it in {HANDLER}" in stdout


def test_another_services_event_gets_files_and_a_class_of_its_own(
    add_event: AddEvent, shop: Path
) -> None:
    assert add_event(*SHIPPED).exit_code == 0
    result = add_event("OrderShipped", "--role", "consumes", "--publisher", "web-store")

    assert result.exit_code == 0, result.output
    contract = (shop / "src/shop/events/web_store_order_shipped.py").read_text()
    assert '@event("web-store.OrderShipped.v1")\nclass OrderShipped(DomainEvent):' in contract
    assert (shop / "src/shop/handlers/web_store_order_shipped.py").exists()


def test_two_versions_stand_side_by_side(add_event: AddEvent, shop: Path) -> None:
    assert add_event(*SHIPPED).exit_code == 0
    assert add_event("OrderShipped", "--version", "2", "--stream", "parcels").exit_code == 0

    contract = (shop / "src/shop/events/order_shipped_v2.py").read_text()
    assert '@event("shop.OrderShipped.v2", stream="parcels")\nclass OrderShippedV2(' in contract
    assert [event.type for event in find(shop).events[1:]] == [
        "shop.OrderShipped.v1",
        "shop.OrderShipped.v2",
    ]


def test_fields_may_be_written_as_python_writes_them(add_event: AddEvent, shop: Path) -> None:
    assert (
        add_event("Noted", "weight:decimal?", "tags:list[str]", "days:list[date]?").exit_code == 0
    )

    answers = yaml.safe_load((shop / ".copier-answers.d/shop.Noted.v1.yml").read_text())
    assert answers["event_fields"] == [
        "weight:decimal:optional",
        "tags:list:str",
        "days:list:date:optional",
    ]


def test_the_same_again_changes_nothing(add_event: AddEvent, shop: Path) -> None:
    assert add_event(*SHIPPED, "--role", "both").exit_code == 0
    before = contents(shop)
    result = add_event(*SHIPPED, "--role", "both")

    assert result.exit_code == 0
    assert {line.split()[0] for line in result.stdout.splitlines()[:5]} == {"identical"}
    assert contents(shop) == before


def test_an_edited_handler_is_kept(add_event: AddEvent, shop: Path) -> None:
    assert add_event(*SHIPPED, "--role", "both").exit_code == 0
    (shop / HANDLER).write_text("# mine\n")
    result = add_event(*SHIPPED, "--role", "both")

    assert result.exit_code == 0
    assert f"kept       {HANDLER}" in result.stdout
    assert (shop / HANDLER).read_text() == "# mine\n"


def test_an_edited_contract_is_shown_and_nothing_is_written(
    add_event: AddEvent, shop: Path
) -> None:
    assert add_event(*SHIPPED).exit_code == 0
    (shop / CONTRACT).write_text((shop / CONTRACT).read_text().replace("carrier: str", "by: str"))
    (shop / TESTS).unlink()
    before = contents(shop)
    result = add_event(*SHIPPED)

    assert_refused(result, CONTRACT, "has been edited")
    assert "-    by: str\n+    carrier: str\n" in result.stdout
    assert contents(shop) == before


def test_a_published_event_can_be_handled_as_well_later(add_event: AddEvent, shop: Path) -> None:
    assert add_event(*SHIPPED).exit_code == 0
    result = add_event("OrderShipped", "--role", "both")

    assert result.exit_code == 0, result.output
    assert f"created    {HANDLER}" in result.stdout
    assert f"identical  {CONTRACT}" in result.stdout
    assert "two_deliveries_are_handled_once" in (shop / TESTS).read_text()


def test_works_in_any_folder_of_the_service_and_from_outside(
    add_event: AddEvent, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / "untracked.txt").write_text("a dirty tree is no obstacle")
    (shop / "README.md").write_text("edited")
    monkeypatch.chdir(shop / "src" / "shop" / "api")
    assert add_event("Noted").exit_code == 0
    monkeypatch.chdir(shop.parent)
    assert add_event("Seen", "-C", "shop").exit_code == 0

    assert (shop / "src/shop/events/noted.py").exists()
    assert (shop / "src/shop/events/seen.py").exists()


def test_dry_run_lists_the_files_and_writes_none(add_event: AddEvent, shop: Path) -> None:
    result = add_event(*SHIPPED, "--dry-run")

    assert f"created    {CONTRACT}" in result.stdout
    assert added(shop) == []


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (("order_shipped",), ["PascalCase", "OrderShipped"]),
        (("../Escaped",), ["PascalCase"]),
        (("OrderShippedV2",), ["--version 2"]),
        (("Import",), ["a Python keyword"]),
        (("Registry",), ["the generated code uses itself"]),
        (("OrderCreated",), ["came with the service"]),
        (("X" + "y" * 80,), ["at most 60"]),
        (("Ab" * 30,), ["89 characters", "80 are the limit"]),
        (("Noted", "class:str"), ["cannot be called 'class'"]),
        (("Noted", "model_x:str"), ["cannot be called 'model_x'"]),
        (("Noted", "event_id:str"), ["cannot be called 'event_id'"]),
        (("Noted", "a:text"), ["carrier:str"]),
        (("Noted", "a:str", "a:int"), ["two fields called 'a'"]),
        (("Noted", "--role", "consumes"), ["--publisher", "--from"]),
        (("Noted", "--publisher", "billing", "--role", "both"), ["--role consumes"]),
        (("Noted", "--publisher", "Not A Slug"), ["--publisher", "lower-case"]),
        (("Noted", "--stream", "{eu}"), ["--stream", "not a stream name"]),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    add_event: AddEvent, shop: Path, args: tuple[str, ...], parts: list[str]
) -> None:
    assert_refused(add_event(*args), *parts)
    assert added(shop) == []


def test_other_fields_under_the_same_type_are_refused(add_event: AddEvent, shop: Path) -> None:
    assert add_event(*SHIPPED).exit_code == 0
    before = contents(shop)

    assert_refused(add_event("OrderShipped", "x:int"), "is there already", "--version 2")
    assert contents(shop) == before


def test_names_that_differ_only_by_case_are_refused(add_event: AddEvent) -> None:
    assert add_event("OrderShipped").exit_code == 0

    assert_refused(add_event("Ordershipped"), "would stand in the files of shop.OrderShipped.v1")


def test_an_own_event_cannot_take_the_files_of_a_foreign_one(add_event: AddEvent) -> None:
    assert add_event("Paid", "--role", "consumes", "--publisher", "billing").exit_code == 0

    assert_refused(add_event("BillingPaid"), "would stand in the files of billing.Paid.v1")


def test_a_folder_that_is_no_service_is_refused(eventsmith: Eventsmith, tmp_path: Path) -> None:
    assert_refused(eventsmith("add-event", "Noted"), "is no service", "name a service's folder")
    assert_refused(eventsmith("add-event", "Noted", "-C", "nowhere"), "is no folder")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("<<<<<<< HEAD\nkind: service\n=======\n>>>>>>> other\n", "conflict markers"),
        ("[", "not what Copier wrote"),
        ("kind: elsewhere\n", "another template"),
        ("\udcff", "is no text"),
    ],
)
def test_answers_that_cannot_be_read_are_named(
    add_event: AddEvent, shop: Path, text: str, part: str
) -> None:
    (shop / ".copier-answers.yml").write_bytes(text.encode(errors="surrogateescape"))

    assert_refused(add_event("Noted"), part)


def test_what_cannot_be_written_leaves_nothing_behind(add_event: AddEvent, shop: Path) -> None:
    shutil.rmtree(shop / "tests" / "events")
    (shop / "tests" / "events").write_text("a file where a folder should be")
    before = contents(shop)
    result = add_event(*SHIPPED, "--role", "both")

    assert result.exit_code == 1
    assert contents(shop) == before
    assert not (shop / ".copier-answers.d").exists()


def test_two_branches_that_each_add_an_event_merge(add_event: AddEvent, shop: Path) -> None:
    for branch, name in (("one", "Noted"), ("two", "Seen")):
        git(shop, "checkout", "-q", "-b", branch, "HEAD" if branch == "one" else "one~1")
        assert add_event(name, "text:str").exit_code == 0
        git(shop, "add", "--all")
        git(shop, "commit", "-q", "-m", name)
    git(shop, "merge", "-q", "--no-edit", "one")

    assert {event.type for event in find(shop).events[1:]} == {"shop.Noted.v1", "shop.Seen.v1"}
