"""The commands that keep events as they were agreed."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orders.chassis.cli.main import app
from orders.chassis.errors import NotFound, Refused

from ..pipe import Probed
from ..processes import COMMAND, environment
from ..service import SERVICE, service

TYPE = str(Probed.event_type)


def run(*arguments: str) -> Result:
    """Run a command in this process, where the tests' own events are declared as well."""
    return CliRunner().invoke(app, ["contracts", *arguments], obj=service)


@pytest.fixture
def snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The snapshot of one event, among those of all others, in the folder of a project."""
    monkeypatch.chdir(tmp_path)
    assert run("export").exit_code == 0
    return tmp_path / "contracts" / f"{TYPE}.json"


def change(snapshot: Path) -> str:
    """Agree on a field `said`, which the class does not have; returns what is agreed then."""
    agreed = json.loads(snapshot.read_text("utf-8"))
    agreed["properties"]["said"] = {"type": "string"}
    snapshot.write_text(json.dumps(agreed), "utf-8")
    return snapshot.read_text("utf-8")


def test_the_commands_need_no_setting(tmp_path: Path) -> None:
    for command in ("export", "check"):
        done = subprocess.run(
            [*COMMAND, "contracts", command],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_exported_passes_the_check(snapshot: Path) -> None:
    checked = run("check")

    assert checked.exit_code == 0
    assert " contracts match" in checked.output
    assert snapshot.read_bytes().startswith(b'{\n  "$schema": ')
    assert run("export").output == "all snapshots are up to date\n"


def test_another_folder_can_be_named(snapshot: Path) -> None:
    other = snapshot.parent.rename("elsewhere")

    assert run("check", "--folder", str(other)).exit_code == 0


def test_without_the_folder_one_line_says_where_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    missing = run("check")

    assert isinstance(missing.exception, NotFound)
    assert "the folder contracts does not exist" in str(missing.exception)
    assert {"missing"} == {found["status"] for found in json.loads(run("check", "--json").output)}


def test_a_breaking_change_is_printed_with_its_rule_and_what_to_do(snapshot: Path) -> None:
    change(snapshot)

    checked = run("check")

    assert checked.exit_code == 1
    assert f"{TYPE}: breaking\n  said: field removed\n" in checked.output
    assert "eventsmith add-event Probed … --version 2" in checked.output


def test_programs_read_the_verdicts_as_json(snapshot: Path) -> None:
    change(snapshot)

    checked = run("check", "--json")

    assert checked.exit_code == 1
    [found] = [found for found in json.loads(checked.output) if found["status"] != "ok"]
    assert (TYPE, "breaking") == (found["type"], found["status"])
    assert {"field": "said", "rule": "field removed", "detail": "", "breaking": True} in found[
        "findings"
    ]


def test_a_breaking_change_is_not_exported_and_nothing_else_either(snapshot: Path) -> None:
    agreed = change(snapshot)
    others = [file for file in snapshot.parent.iterdir() if file != snapshot]
    for other in others:
        other.unlink()

    refused = run("export")

    assert isinstance(refused.exception, Refused)
    assert f"--breaking {TYPE}" in str(refused.exception)
    assert agreed == snapshot.read_text("utf-8")
    assert [snapshot] == list(snapshot.parent.iterdir())


def test_a_breaking_change_is_exported_when_it_is_named(snapshot: Path) -> None:
    change(snapshot)

    exported = run("export", "--breaking", TYPE)

    assert exported.output == f"breaking, written: contracts/{TYPE}.json\n"
    assert run("check").exit_code == 0


def test_a_compatible_change_fails_until_it_is_exported(snapshot: Path) -> None:
    agreed = json.loads(snapshot.read_text("utf-8"))
    del agreed["properties"]["text"]
    snapshot.write_text(json.dumps(agreed), "utf-8")

    checked = run("check")

    assert checked.exit_code == 1
    assert "  text: optional field added (compatible)\n" in checked.output
    assert f"  → run: {SERVICE} contracts export\n" in checked.output
    assert run("export").exit_code == run("check").exit_code == 0


@pytest.mark.usefixtures("snapshot")
def test_an_unknown_event_cannot_be_named() -> None:
    assert run("export", "--breaking", "shop.Nothing.v1").exit_code == 2


def test_the_asyncapi_document_is_printed_as_json() -> None:
    printed = CliRunner().invoke(app, ["asyncapi"], obj=service)

    assert json.loads(printed.output)["info"]["title"] == SERVICE
    assert f"send.{TYPE}" in json.loads(printed.output)["operations"]
