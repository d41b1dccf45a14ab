"""`eventsmith update` of a service from before the chassis was one folder: nothing is lost."""

import ast
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from aging import ADDED, EDITED, SETTING, aged
from conftest import ROOT, git, program
from running import install

LINE = re.compile(r"^  (?P<path>\S+):(?P<line>\d+): (?P<old>.+?) → (?P<new>.+)$", re.MULTILINE)
SETTINGS = "src/orders/settings.py"
# What the template wrote once, for its test kit of that time.
WRITTEN = {
    "tests/events/test_order_created.py": None,
    "tests/events/test_order_lost.py": ("OrderLost",),
    "tests/events/test_order_shipped.py": ("OrderShipped", "carrier:str", "--role", "both"),
    "tests/events/test_billing_payment_received.py": ("PaymentReceived", "--from", "../billing"),
    "tests/integration/test_orders.py": None,
}


EXPECTED = """\
src/orders/api/notes.py:7: from .deps import Uow → from ..chassis import Uow
src/orders/messaging/bridge.py:5: from ..uow import UnitOfWork → from ..chassis import UnitOfWork
src/orders/messaging/bridge.py:6: from . import tables → from ..chassis.messaging import tables
src/orders/models.py:10: from .db import Base → from .chassis import Base
src/orders/pricing/rules.py:5: from orders.errors import ServiceError → {chassis} ServiceError
tests/unit/test_pricing.py:7: from orders.errors import ServiceError → {chassis} ServiceError
""".format(chassis="from orders.chassis import")


@dataclass(frozen=True, slots=True)
class Updated:
    """A service after the update, what it was before, and what the command said."""

    folder: Path
    before: Path
    said: subprocess.CompletedProcess[str]

    @property
    def conflicts(self) -> set[str]:
        """The files that git takes for unmerged."""
        return set(git(self.folder, "diff", "--name-only", "--diff-filter=U").splitlines())


@pytest.fixture(scope="module")
def updated(tmp_path_factory: pytest.TempPathFactory) -> Updated:
    folder = tmp_path_factory.mktemp("aged")
    old = aged(folder)
    before = Path(shutil.copytree(old.folder, folder / "before"))
    git(old.template, "rm", "-r", "--quiet", "copier.yml", "template")
    shutil.copy(ROOT / "copier.yml", old.template)
    shutil.copytree(ROOT / "template", old.template / "template")
    git(old.template, "add", "--all")
    git(old.template, "commit", "--quiet", "--message", "The chassis in one folder")
    return Updated(old.folder, before, program("update", cwd=old.folder))


def test_it_ends_with_conflicts_for_the_owner_to_resolve(updated: Updated) -> None:
    assert updated.said.returncode == 3, updated.said.stderr
    assert SETTINGS in updated.conflicts
    others = {path for path in updated.conflicts if not path.startswith("src/orders/chassis/")}
    assert others - {SETTINGS} <= {*EDITED}


@pytest.mark.parametrize(("path", "edit"), [(path, new) for path, (_, new) in EDITED.items()])
def test_an_edit_is_carried_or_shown_as_a_conflict(updated: Updated, path: str, edit: str) -> None:
    chassis = [*(updated.folder / "src/orders/chassis").rglob("*.py")]

    assert path in updated.conflicts or any(edit in file.read_text("utf-8") for file in chassis)


def test_a_setting_of_the_owners_is_in_the_conflict(updated: Updated) -> None:
    assert SETTING in (updated.folder / SETTINGS).read_text("utf-8")


@pytest.mark.parametrize("path", [*ADDED, *WRITTEN, "src/orders/models.py", "README.md"])
def test_files_of_the_owners_are_left_as_and_where_they_were(updated: Updated, path: str) -> None:
    assert (updated.folder / path).read_bytes() == (updated.before / path).read_bytes()


def test_an_event_made_from_a_contract_follows_though_its_answers_name_an_old_import(
    updated: Updated,
) -> None:
    recorded = updated.folder / ".copier-answers.d/billing.PaymentReceived.v1.yml"
    module = updated.folder / "src/orders/events/billing_payment_received.py"

    assert "from ..eventing import" in recorded.read_text("utf-8")
    assert "\n\nfrom ..chassis import DomainEvent, event\n\n\n@event(" in module.read_text("utf-8")


def test_each_import_of_what_has_moved_is_named(updated: Updated) -> None:
    named = {match[0].strip() for match in LINE.finditer(updated.said.stdout)}

    assert named >= set(EXPECTED.splitlines())
    assert {line.partition(":")[0] for line in named} == {
        *WRITTEN,
        *(path for path, text in ADDED.items() if "errors" in text or "uow" in text),
        "src/orders/api/orders.py",
        *(f"src/orders/handlers/{name}.py" for name in ("order_created", "order_shipped")),
        "src/orders/handlers/billing_payment_received.py",
        "src/orders/models.py",
    }


def test_with_these_lines_changed_the_service_starts_and_its_tests_are_green(
    updated: Updated, tmp_path: Path
) -> None:
    """The owner resolves the conflicts, does what was said, and nothing else."""
    folder = Path(shutil.copytree(updated.folder, tmp_path / "orders", symlinks=True))
    shutil.copytree(updated.folder.parent / "billing", tmp_path / "billing")
    for path in updated.conflicts:
        kept = git(folder, "ls-files", "--unmerged", "--", path).count("\n") == 2
        git(folder, *(("checkout", "--theirs") if kept else ("rm", "--quiet")), "--", path)
    with (folder / SETTINGS).open("a") as settings:
        settings.write(SETTING)
    for path, adding in WRITTEN.items():
        (folder / path).unlink()
        if adding:
            done = program("add-event", *adding, cwd=folder)
            assert done.returncode == 0, done.stderr
    for match in reversed([*LINE.finditer(updated.said.stdout)]):  # a change may shift what follows
        if match["path"] not in WRITTEN:
            change(folder / match["path"], int(match["line"]), match["old"], match["new"])

    service = install(folder)

    service.run("mypy", "src", MYPY_CACHE_DIR=str(tmp_path / "mypy"))
    assert "currency" in service.run("python", "-c", SHOW_SETTINGS)
    assert " passed in " in service.run("pytest", "-q")


SHOW_SETTINGS = "from orders.service import service; print([*service.settings.model_fields])"


def change(file: Path, line: int, old: str, new: str) -> None:
    """Put statements in the place of the import that begins at a line."""
    text = file.read_text("utf-8")
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt)]
    (node,) = (node for node in nodes if node.lineno == line and ast.unparse(node) == old)
    lines = text.splitlines()
    lines[line - 1 : node.end_lineno] = new.split("; ")
    file.write_text("\n".join(lines) + "\n", "utf-8")
