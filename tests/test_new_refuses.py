"""`eventsmith new`: what it refuses, in one line, leaving the disk as it was."""

from pathlib import Path

import pytest

from conftest import Eventsmith, assert_refused

QUICK = ("--no-lock", "--no-git")


@pytest.mark.parametrize("name", ["123", "class", "json", "redis", "pytest", "9lives", "x" * 200])
def test_a_folder_whose_name_makes_no_service(
    eventsmith: Eventsmith, tmp_path: Path, name: str
) -> None:
    assert_refused(eventsmith("new", f"a/{name}", *QUICK), "project_slug: ", "-d project_slug=")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("project_slug", "a--b"),
        ("project_slug", "../x"),
        ("project_slug", "orders\n"),
        ("project_slug", ""),
        ("project_name", ""),
        ("aggregate", "Class"),
        ("aggregate", "Decimal"),
        ("ci", "jenkins"),
        ("kind", "event"),
    ],
)
def test_a_bad_answer(eventsmith: Eventsmith, tmp_path: Path, key: str, value: str) -> None:
    assert_refused(eventsmith("new", "orders", *QUICK, "-d", f"{key}={value}"), f"{key}: ")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_answer_names_its_option(eventsmith: Eventsmith, stand_in: Path) -> None:
    with (stand_in / "copier.yml").open("a") as file:
        file.write('team: {type: str, default: "{{ UNSET }}"}\n')

    result = eventsmith("new", "orders", *QUICK, "--template", stand_in)

    assert_refused(result, "team: there is no answer; give one with -d team=…")


def test_an_unknown_key_names_the_nearest(eventsmith: Eventsmith, tmp_path: Path) -> None:
    result = eventsmith("new", "orders", "-d", "agregate=Invoice")

    assert_refused(result, "unknown option 'agregate'; did you mean 'aggregate'?")
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_computed(eventsmith: Eventsmith, stand_in: Path) -> None:
    result = eventsmith("new", "orders", "--template", stand_in, "-d", "loud=yes")

    assert_refused(result, "unknown option 'loud'")


def test_an_unknown_key_of_a_template_elsewhere(
    eventsmith: Eventsmith, stand_in: Path, tmp_path: Path
) -> None:
    address = f"file://{stand_in}/.git"
    result = eventsmith("new", "a/orders", "--template", address, "-d", "with_exmple=no")

    assert_refused(result, "did you mean 'with_example'?")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", ["x", "=x", "x y"])
def test_data_without_a_key_is_a_usage_error(eventsmith: Eventsmith, value: str) -> None:
    assert_refused(eventsmith("new", "orders", "-d", value), "no KEY=VALUE", code=2)


@pytest.mark.parametrize("args", [("new",), ("nwe", "x"), ("new", "x", "--no-such"), ("new", "")])
def test_a_wrong_command_line_is_a_usage_error(eventsmith: Eventsmith, args: list[str]) -> None:
    assert_refused(eventsmith(*args), "--help", code=2)


def test_a_folder_with_something_in_it(eventsmith: Eventsmith, tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "mine.txt").write_text("mine")

    assert_refused(eventsmith("new", "orders"), "orders is not empty; name a new or an empty")
    assert (tmp_path / "orders" / "mine.txt").read_text() == "mine"


def test_a_file(eventsmith: Eventsmith, tmp_path: Path) -> None:
    (tmp_path / "orders").write_text("mine")

    assert_refused(eventsmith("new", "orders"), "orders is a file")


def test_a_missing_git(eventsmith: Eventsmith, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert_refused(eventsmith("new", "orders", *QUICK, "--template", "x"), "install git")
