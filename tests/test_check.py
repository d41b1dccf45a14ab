"""`eventsmith check`: what it finds, what it does not mind, and how it says so."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import Result

from conftest import Eventsmith, assert_refused, git
from growing import Grown, Template

RELAY = "src/shop/pipe/relay.py"
PIPE = "src/{{ package }}/pipe"
EVENT = ".copier-answers.d/shop.Shipped.v1.yml"
CONTRACTS = """#!/bin/sh
: from shop.cli import main
[ "$*" = "contracts check --json" ] || exit 9
cat contracts.json
exit 1
"""


def check(service: Grown, *args: str | Path) -> Result:
    return service.run("check", "-C", service.folder, *args)


def found(service: Grown, *args: str) -> dict[str, str]:
    """Return the kind of each finding, by its subject; and check that the exit code agrees."""
    result = check(service, "--json", *args)
    report = json.loads(result.stdout)
    assert result.exit_code == (0 if report["ok"] else 4)
    return {each["subject"]: each["kind"] for each in report["findings"]}


def environment(service: Grown, folder: str, verdicts: object) -> None:
    """Put a command in an environment that says what the service's own would."""
    program = service.folder / folder / "bin/shop"
    program.parent.mkdir(parents=True)
    program.write_text(CONTRACTS)
    program.chmod(0o755)
    service.write("contracts.json", verdicts if isinstance(verdicts, str) else json.dumps(verdicts))


def verdict(status: str) -> dict[str, object]:
    return {"type": "shop.Shipped.v1", "status": status, "findings": [], "way_out": "do this"}


def test_a_service_as_it_was_made_is_told_in_one_line(grown: Grown) -> None:
    result = check(grown)

    assert (result.exit_code, result.stdout) == (0, "shop is as v1.0.0 makes it\n")
    assert result.stderr == "note: contracts: not run (no environment; run: uv sync)\n"


def test_the_templates_files_are_held_against_their_render(grown: Grown) -> None:
    grown.edit(RELAY, "relay line 2\n", "relay line 2, mine\n")
    grown.delete("docs/guide.md")

    result = check(grown)

    assert result.exit_code == 4
    assert result.stdout == (
        "missing   docs/guide.md: a file of the template's\n"
        f"edited    {RELAY}: a file of the template's\n"
    )


def test_the_difference_is_what_would_bring_a_file_back(grown: Grown) -> None:
    grown.edit(RELAY, "relay line 2\n", "relay line 2, mine\n")
    grown.delete("docs/guide.md")
    shown = check(grown, "--diff").stdout
    assert "-relay line 2, mine\n+relay line 2\n" in shown

    grown.write("back.diff", "".join(shown.splitlines(keepends=True)))
    git(grown.folder, "apply", "back.diff")

    assert found(grown) == {}


def test_edits_to_files_that_are_yours_or_shared_are_no_drift(grown: Grown) -> None:
    for path in ("notes.md", "settings.py", "src/shop/events/shipped.py"):
        grown.write(path, "mine\n")
    for path in ("migrations/0001.py", "src/shop/handlers/shipped.py"):
        (grown.folder / path).unlink()
    grown.write("src/shop/pipe/mine.py", "mine\n")

    assert found(grown) == {}


def test_line_ends_are_no_drift(grown: Grown) -> None:
    (grown.folder / RELAY).write_bytes((grown.folder / RELAY).read_bytes().replace(b"\n", b"\r\n"))

    assert found(grown) == {}


def test_markers_of_a_merge_are_found_in_any_file(grown: Grown) -> None:
    torn = "<<<<<<< yours\nmine\n=======\nnewer\n>>>>>>> template-v1.1.0\n"
    for path in ("notes.md", "mine.txt", RELAY):
        grown.write(path, f"before\n{torn}after\n")
    grown.write("sounds_like.txt", "<<<<<<< here\nno conflict\n>>>>>>> there\n")
    grown.write("run.log", torn)

    assert found(grown) == dict.fromkeys(("mine.txt", "notes.md", RELAY), "conflict")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, names of files are text")
def test_a_file_whose_name_is_no_text_is_told_nevertheless(grown: Grown) -> None:
    grown.write(os.fsdecode(b"caf\xe9.txt"), "<<<<<<< one\n1\n=======\n2\n>>>>>>> two\n")

    assert "conflict  caf\\udce9.txt: the markers" in check(grown).stdout


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        (".copier-answers.yml", "<<<<<<< a\n=======\n>>>>>>> b\n", "has conflict markers"),
        (".copier-answers.yml", "just words", "is not what Copier wrote"),
        (EVENT, "kind: service\n", "keeps no event"),
        (EVENT, "kind: event\nevent_type: shop.Shipped.v1\n", "has lost event;"),
        (".copier-answers.yml", "kind: service\nproject_slug: shop\n", "has lost package;"),
        (EVENT, ": :\n- ]", "is not what Copier wrote"),
    ],
)
def test_answers_that_cannot_be_read_are_found(
    grown: Grown, file: str, text: str, words: str
) -> None:
    grown.write(file, text)

    assert found(grown) == {Path(file).name: "answers"}
    assert words in check(grown).stdout


def test_events_at_another_version_are_behind(template: Template, grown: Grown) -> None:
    template.write("more.txt", "more\n")
    template.release("v1.1.0")
    old = grown.read(EVENT)
    grown.update()
    grown.write(EVENT, old)

    assert found(grown) == {"shop.Shipped.v1": "behind"}
    assert "is at v1.0.0, the service at v1.1.0; run: eventsmith update" in check(grown).stdout


def test_a_newer_template_is_a_notice_or_with_latest_a_fault(
    template: Template, grown: Grown
) -> None:
    assert found(grown, "--latest") == {}
    template.write("more.txt", "more\n")
    template.release("v1.1.0")

    told = check(grown)
    assert told.exit_code == 0
    assert "note: shop is at v1.0.0, and v1.1.0 is there; run: eventsmith update" in told.stderr
    assert found(grown, "--latest") == {"shop": "newer"}


@pytest.mark.parametrize("status", ["breaking", "missing", "orphaned", "unreadable"])
def test_contracts_that_break_are_found(grown: Grown, status: str) -> None:
    environment(grown, ".venv", [verdict(status)])

    assert found(grown) == {"shop.Shipped.v1": "contract"}
    assert f"shop.Shipped.v1: is {status}; do this" in check(grown).stdout


@pytest.mark.parametrize("status", ["ok", "outdated"])
def test_contracts_that_do_not_break_are_no_fault(grown: Grown, status: str) -> None:
    environment(grown, ".venv", [verdict(status)])

    assert found(grown) == {}
    note = "note: shop.Shipped.v1 has changed compatibly; run: shop contracts export\n"
    assert check(grown).stderr == (note if status == "outdated" else "")


def test_contracts_that_cannot_be_compared_are_a_fault(grown: Grown) -> None:
    environment(grown, ".venv", "error: no such module\n")

    assert found(grown) == {"contracts": "contract"}
    assert "contracts: cannot be compared: error: no such module" in check(grown).stdout


@pytest.mark.parametrize("variable", ["UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV"])
def test_the_environment_may_be_elsewhere(
    grown: Grown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    environment(grown, "../elsewhere", [verdict("breaking")])
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))

    assert found(grown) == {"shop.Shipped.v1": "contract"}


def test_the_json_is_as_promised(grown: Grown) -> None:
    grown.edit(RELAY, "relay line 2\n", "relay line 2, mine\n")

    report = json.loads(check(grown, "--json").stdout)

    assert [*report] == ["ok", "service", "version", "newest", "contracts", "findings", "notes"]
    assert report["service"] == "shop"
    assert report["version"] == report["newest"] == "v1.0.0"
    assert report["contracts"] == "not run"
    assert [[*each] for each in report["findings"]] == [["kind", "subject", "message", "diff"]]
    assert "+relay line 2\n" in report["findings"][0]["diff"]


def test_a_version_that_cannot_be_had_is_refused(template: Template, grown: Grown) -> None:
    git(template.folder, "tag", "--delete", "v1.0.0")

    assert_refused(check(grown), "has no version v1.0.0", "eventsmith update --base REF")


def test_it_works_without_git_and_says_when_there_is_no_service(
    grown: Grown, eventsmith: Eventsmith
) -> None:
    shutil.rmtree(grown.folder / ".git")
    assert check(grown).exit_code == 0
    grown.write("notes.md", "<<<<<<< yours\n=======\n>>>>>>> theirs\n")
    assert found(grown) == {"notes.md": "conflict"}

    assert_refused(eventsmith("check"), ".copier-answers.yml is missing; name a service's folder")


def test_nothing_is_changed_by_looking(grown: Grown) -> None:
    before = git(grown.folder, "status", "--porcelain", "--ignored")

    check(grown)

    assert git(grown.folder, "status", "--porcelain", "--ignored") == before == ""
