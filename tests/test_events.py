"""`eventsmith events` and `eventsmith remove-event`."""

import json
from pathlib import Path

import pytest
from typer.testing import Result

from conftest import Eventsmith, assert_refused, git, tree
from eventsmith import changes
from eventsmith.changes import Change, Fate
from growing import Grown, Template

EVENT = ".copier-answers.d/shop.Shipped.v1.yml"
FILES = [EVENT, "src/shop/events/shipped.py", "src/shop/handlers/shipped.py"]


def remove(service: Grown, *args: str) -> Result:
    return service.run("remove-event", "-C", service.folder, *args)


def add(service: Grown, *args: str) -> None:
    result = service.run("add-event", "-C", service.folder, *args)
    assert result.exit_code == 0, result.output


def test_events_are_listed_with_their_handlers(grown: Grown) -> None:
    add(grown, "Lost", "--stream", "losses")
    grown.delete("src/shop/handlers/shipped.py")

    result = grown.run("events", "-C", grown.folder)

    assert result.stdout.splitlines() == [
        "event    version  publisher  role  stream  handler                    contract",
        "Lost     1        shop       both  losses  src/shop/handlers/lost.py  -",
        "Shipped  1        shop       both  shop    -                          -",
    ]


def test_the_list_as_json_is_as_promised(grown: Grown) -> None:
    assert grown.events() == [
        {
            "event": "Shipped",
            "version": 1,
            "publisher": "shop",
            "role": "both",
            "stream": "shop",
            "handler": "src/shop/handlers/shipped.py",
            "contract": None,
        }
    ]


def test_a_service_without_events_says_how_to_add_one(grown: Grown) -> None:
    remove(grown, "Shipped")

    result = grown.run("events", "-C", grown.folder)

    assert result.stdout == "no events yet; add one: eventsmith add-event NAME\n"
    assert grown.events() == []


def test_removing_leaves_what_there_was_before(grown: Grown) -> None:
    before = tree(grown.folder)
    add(grown, "Lost")

    result = remove(grown, "Lost")

    assert result.exit_code == 0
    assert tree(grown.folder) == before
    assert "removed    src/shop/handlers/lost.py\n" in result.stdout
    assert "note: outbox and streams may still hold shop.Lost.v1;" in result.stderr
    assert "uv run shop status" in result.stderr


def test_folders_that_become_empty_go_as_well(grown: Grown) -> None:
    assert remove(grown, "shop.Shipped.v1").exit_code == 0

    assert not (grown.folder / ".copier-answers.d").exists()
    assert not (grown.folder / "src/shop/events").exists()
    assert (grown.folder / "src/shop/pipe").exists()


def test_a_dry_run_deletes_nothing(grown: Grown) -> None:
    result = remove(grown, "Shipped", "--dry-run")

    assert result.stdout.splitlines() == [f"removed    {path}" for path in FILES]
    assert git(grown.folder, "status", "--porcelain") == ""


@pytest.mark.parametrize("path", FILES[1:])
def test_what_was_edited_keeps_everything(grown: Grown, path: str) -> None:
    grown.edit(path, "line 2\n", "line 2, mine\n")

    result = remove(grown, "Shipped")

    assert_refused(result, f"{path} is not as it was made, and nothing was deleted")
    assert git(grown.folder, "status", "--porcelain") == ""


def test_what_is_gone_already_is_no_obstacle(grown: Grown) -> None:
    grown.delete(FILES[2])

    assert remove(grown, "Shipped").exit_code == 0
    assert not (grown.folder / FILES[0]).exists()


def test_what_still_names_the_event_is_told(grown: Grown) -> None:
    grown.write("src/shop/api.py", "from .events import shipped\n")

    assert "shop.Shipped.v1 is still named in src/shop/api.py" in remove(grown, "Shipped").stderr


def test_it_is_held_against_the_version_it_was_made_at(template: Template, grown: Grown) -> None:
    template.replace(
        "template/event/src/{{ package }}/events/{{ event_module }}.py", "line 2\n", "newer\n"
    )
    template.release("v1.1.0")

    assert remove(grown, "Shipped").exit_code == 0


def test_answers_under_another_name_go_as_well(grown: Grown) -> None:
    (grown.folder / EVENT).rename(grown.folder / ".copier-answers.d/other.yml")

    assert remove(grown, "Shipped").exit_code == 0
    assert not (grown.folder / ".copier-answers.d").exists()


def test_a_name_that_is_not_there_gets_a_suggestion(grown: Grown) -> None:
    assert_refused(remove(grown, "Shiped"), "shop has no event Shiped; did you mean Shipped?")
    assert_refused(remove(grown, "Zzz"), "shop has no event Zzz; it has Shipped")


def test_one_of_several_versions_is_named(eventsmith: Eventsmith) -> None:
    assert eventsmith("new", "shop", "--no-lock", "-d", "with_example=false").exit_code == 0
    for more in ((), ("--version", "2"), ("--publisher", "depot", "--role", "consumes")):
        assert eventsmith("add-event", "Shipped", "-C", "shop", *more).exit_code == 0

    refused = eventsmith("remove-event", "Shipped", "-C", "shop")
    assert_refused(refused, "there is depot.Shipped.v1, shop.Shipped.v1, shop.Shipped.v2; name one")
    mine = ("--version", "2", "--publisher", "shop")
    assert eventsmith("remove-event", "Shipped", "-C", "shop", *mine).exit_code == 0

    rows = json.loads(eventsmith("events", "--json", "-C", "shop").stdout)
    left = [(row["publisher"], row["version"]) for row in rows]
    assert left == [("depot", 1), ("shop", 1)]


def test_the_examples_event_is_refused(eventsmith: Eventsmith) -> None:
    assert eventsmith("new", "shop", "--no-lock", "--no-git").exit_code == 0

    result = eventsmith("remove-event", "OrderCreated", "-C", "shop")

    assert_refused(result, "shop.OrderCreated.v1 is the example's event", "by hand")


def test_a_link_goes_and_not_what_it_leads_to(grown: Grown) -> None:
    (grown.folder / FILES[2]).rename(grown.folder / "kept")
    (grown.folder / FILES[2]).symlink_to(grown.folder / "kept")

    assert remove(grown, "Shipped").exit_code == 0
    assert (grown.folder / "kept").exists()


def test_files_are_deleted_together_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("1")
    gone = [Change(name, Fate.IDENTICAL, b"1", b"1") for name in ("one", "two")]

    with pytest.raises(FileNotFoundError):
        changes.remove(tmp_path, gone)

    assert (tmp_path / "one").read_text() == "1"
