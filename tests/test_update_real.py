"""`eventsmith update` of real services, to a made-up release of this repository's template."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from copier import run_copy

from conftest import Eventsmith, git, tree
from eventsmith.ownership import Kind
from eventsmith.service import ANSWERS, EVENT_ANSWERS, Part
from eventsmith.snapshot import Snapshot, take
from eventsmith.template.source import Source
from eventsmith.template.versions import Versions, versions
from eventsmith.updating.update import Request, update
from growing import Grown, Template, next_release, real_template
from rendering import EVERY, MAIN, read

MESSAGING = "src/orders/chassis/messaging"
RELAY = f"{MESSAGING}/publishing/relay.py"
EVENTS = ["Packed", "Shipped", "Delivered", "Returned", "Lost"]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Return this repository's template as v1.0.0, and with a release after it."""
    template = real_template(tmp_path_factory.mktemp("real"))
    next_release(template)
    return template


@pytest.fixture(scope="module")
def held() -> Iterator[Versions]:
    with versions() as held:
        yield held


def parts(folder: Path) -> list[Part]:
    """Return what a service records, whose event stands in answers of its own."""
    answers = yaml.safe_load((folder / ANSWERS).read_text())
    identity = {"kind": "event", "project_slug": answers["project_slug"]}
    event = {"event": "ParcelSent", "event_fields": ["carrier:str"], "event_role": "both"}
    return [Part(ANSWERS, answers), Part(f"{EVENT_ANSWERS}/sent.yml", identity | event)]


def copy(snapshot: Snapshot, folder: Path) -> None:
    for path, file in snapshot.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder / path)


def made(held: Versions, released: Template, folder: Path, ref: str, **answers: object) -> Snapshot:
    """Make a service with an event at a version, and return what was rendered."""
    version = held.of(Source(str(released.folder), ref))
    service = Part(ANSWERS, answers)
    take([(service, version)], folder / "first")
    snapshot = take([(part, version) for part in parts(folder / "first/0")], folder / "all")
    copy(snapshot, folder / "made")
    return snapshot


@pytest.mark.parametrize("name", EVERY)
def test_an_update_equals_a_fresh_copy(
    held: Versions, released: Template, tmp_path: Path, name: str
) -> None:
    made(held, released, tmp_path / "old", "v1.0.0", **EVERY[name])
    fresh = made(held, released, tmp_path / "new", "v1.1.0", **EVERY[name])
    service, wanted = tmp_path / "old/made", tmp_path / "new/made"
    before = read(service)
    git(service, "init", "--quiet")
    git(service, "add", "--all")
    git(service, "commit", "--message", "v1.0.0")

    outcome = update(Request(service))

    assert outcome.conflicts == {}
    after = {path: (service / path).read_text() for path in tree(service)}
    yours = {path for path in after if fresh.ownership.kind(path) is Kind.YOURS}
    assert {path: after[path] for path in yours} == {path: before[path] for path in yours}
    expected = {path: text for path, text in read(wanted).items() if path not in yours}
    assert {path: text for path, text in after.items() if path not in yours} == expected
    assert git(service, "diff", "--name-only") == ""


@pytest.mark.parametrize("name", ["default", "empty"])
def test_what_is_rendered_quickly_is_what_copier_renders(
    held: Versions, released: Template, tmp_path: Path, name: str
) -> None:
    run_copy(
        str(released.folder),
        tmp_path / "copied",
        data=dict(MAIN[name]),
        defaults=True,
        quiet=True,
        vcs_ref="v1.0.0",
    )
    version = held.of(Source(str(released.folder), "v1.0.0"))

    snapshot = take([(Part(ANSWERS, dict(MAIN[name])), version)], tmp_path / "taken")

    copied = read(tmp_path / "copied")
    assert {path: file.read_text() for path, file in snapshot.files.items()} == copied
    again = take([(parts(tmp_path / "copied")[0], version)], tmp_path / "again")
    assert {path: file.read_text() for path, file in again.files.items()} == copied
    assert "_commit: v1.0.0\n" in copied[ANSWERS]


@pytest.fixture(scope="module")
def five_events(released: Template, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a service at v1.0.0 with five events and edits, made by the command."""
    folder = tmp_path_factory.mktemp("five") / "orders"
    git(released.folder, "checkout", "--quiet", "v1.0.0")

    def run(*args: str) -> None:
        command = [sys.executable, "-m", "eventsmith", *args]
        subprocess.run(command, check=True, capture_output=True, cwd=folder.parent)

    run("new", "orders", "--no-lock", "--template", str(released.folder))
    for event in EVENTS:
        run("add-event", event, "carrier:str", "--role", "both", "-C", "orders")
    relay, settings = folder / RELAY, folder / "src/orders/settings.py"
    relay.write_text(relay.read_text() + "# mine\n")
    settings.write_text(settings.read_text() + "# mine\n")
    handler = folder / "src/orders/handlers/lost.py"
    handler.write_text(handler.read_text() + "# mine\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--message", "Events and edits")
    git(released.folder, "checkout", "--quiet", "v1.1.0")
    return folder


@pytest.fixture
def busy(five_events: Path, tmp_path: Path, eventsmith: Eventsmith) -> Grown:
    shutil.copytree(five_events, tmp_path / "orders")
    return Grown(tmp_path / "orders", eventsmith)


def test_a_release_reaches_a_service_with_five_events_and_no_edit_is_lost(busy: Grown) -> None:
    result = busy.update()

    assert result.exit_code == 0, result.output
    for path in (RELAY, "src/orders/settings.py", "src/orders/handlers/lost.py"):
        assert busy.read(path).endswith("# mine\n")
    assert busy.read(RELAY).startswith('"""Newer. ')
    assert busy.read("src/orders/settings.py").startswith('"""Newer. ')
    assert busy.read("src/orders/events/lost.py").startswith('"""Newer. ')
    assert busy.staged()[f"{MESSAGING}/upkeep/caretaker.py"] == "A"
    assert busy.staged()[f"{MESSAGING}/audit_log.py"] == "A"
    assert "audited=true" in result.stderr
    assert "note: 1.1.0 renamed src/orders/chassis/janitor.py to caretaker.py" in result.stderr
    assert "note: 1.1.0 leaves to you: Rest." in result.stderr


def test_it_takes_no_longer_than_a_few_copies(
    busy: Grown, released: Template, tmp_path: Path
) -> None:
    """Twelve renders, a merge and the work tree: less than three renders by Copier cost."""

    def seconds(*command: str | Path) -> float:
        start = time.perf_counter()
        arguments = [sys.executable, "-m", *map(str, command)]
        subprocess.run(arguments, check=True, capture_output=True, cwd=busy.folder)
        return time.perf_counter() - start

    copies = ("copier", "copy", "--defaults", "--quiet", "--vcs-ref=v1.1.0", released.folder)
    pairs = [
        (seconds("eventsmith", "update", "--dry-run"), seconds(*copies, tmp_path / str(number)))
        for number in range(3)
    ]
    ours, one = (min(times) for times in zip(*pairs, strict=True))

    assert ours <= 3 * one


def test_plain_copier_moves_the_service_and_says_how_the_events_follow(busy: Grown) -> None:
    command = [sys.executable, "-m", "copier", "update", "--defaults"]
    moved = subprocess.run(command, check=True, capture_output=True, text=True, cwd=busy.folder)
    assert "its events follow by:\n\n  eventsmith update\n" in moved.stderr
    busy.commit("Update the service")

    checked = busy.run("check", "-C", busy.folder)
    assert checked.exit_code == 4
    for event in EVENTS:
        line = f"behind    orders.{event}.v1: is at v1.0.0, the service at v1.1.0"
        assert line in checked.stdout

    assert busy.update().exit_code == 0
    busy.commit("Update the events")
    checked = busy.run("check", "-C", busy.folder)
    assert [line for line in checked.stdout.splitlines() if not line.startswith("edited")] == []
    assert busy.read("src/orders/events/lost.py").startswith('"""Newer. ')
    assert busy.read("src/orders/handlers/lost.py").endswith("# mine\n")
