"""`eventsmith update` with conflicts: left as git leaves them, to be finished or undone as told."""

import subprocess

import pytest

from conftest import assert_refused, git
from growing import Grown, Template, everything

RELAY = "src/shop/pipe/relay.py"
OUTBOX = "src/shop/pipe/outbox.py"
PIPE = "src/{{ package }}/pipe"


@pytest.fixture
def torn(template: Template, grown: Grown) -> Grown:
    """Return a service with edits, two of which a release of the template meets."""
    grown.edit(RELAY, "relay line 2\n", "relay line 2, mine\n")
    grown.edit(OUTBOX, "outbox line 2\n", "outbox line 2, mine\n")
    template.replace(f"{PIPE}/relay.py", "relay line 2\n", "relay line 2, newer\n")
    template.path(f"{PIPE}/outbox.py").unlink()
    template.write(f"{PIPE}/new/extra.py", "extra\n")
    template.release("v1.1.0")
    return grown


def typed(output: str, after: str) -> list[str]:
    """Return the commands that are shown below a line."""
    lines = output.partition(after + "\n")[2].splitlines()
    return [line for line in lines[:2] if line.startswith("  ")]


def test_conflicts_are_listed_marked_and_unmerged(torn: Grown) -> None:
    result = torn.update()

    assert result.exit_code == 3
    assert "2 conflicts to resolve:\n" in result.stdout
    assert f"  {OUTBOX}  removed by the template, changed by you\n" in result.stdout
    assert f"  {RELAY}  changed by the template and by you\n" in result.stdout
    marked = (
        "<<<<<<< yours\nrelay line 2, mine\n=======\nrelay line 2, newer\n>>>>>>> template-v1.1.0"
    )
    assert marked in torn.read(RELAY)
    assert "mine" in torn.read(OUTBOX)
    stages = [line.split()[2:] for line in git(torn.folder, "ls-files", "-u").splitlines()]
    assert stages == [["1", OUTBOX], ["2", OUTBOX], ["1", RELAY], ["2", RELAY], ["3", RELAY]]
    assert torn.staged()["src/shop/pipe/new/extra.py"] == "A"
    held = git(torn.folder, "show", f":3:{RELAY}")
    assert "relay line 2, newer" in held


def test_git_refuses_to_commit_before_they_are_resolved(torn: Grown) -> None:
    torn.update()

    with pytest.raises(subprocess.CalledProcessError):
        git(torn.folder, "commit", "--message", "Too early")


def test_the_commands_shown_finish_it(torn: Grown) -> None:
    shown = typed(torn.update().stdout, "When that is done:")
    torn.write(RELAY, "resolved\n")

    for command in shown:
        subprocess.run(command, shell=True, check=True, cwd="/")  # noqa: S602 - as a user types it

    assert git(torn.folder, "status", "--porcelain") == ""
    assert git(torn.folder, "show", f"HEAD:{RELAY}") == "resolved"
    assert "mine" in git(torn.folder, "show", f"HEAD:{OUTBOX}")
    assert torn.update().stdout == "shop is at v1.1.0 already\n"


def test_the_command_shown_undoes_it(torn: Grown) -> None:
    before = {path: data for path, data in everything(torn.folder).items() if ".git/" not in path}
    shown = typed(torn.update().stdout, "Or back to where you were:")

    for command in shown:
        subprocess.run(command, shell=True, check=True, cwd="/")  # noqa: S602 - as a user types it

    assert git(torn.folder, "status", "--porcelain", "--ignored") == ""
    after = {path: data for path, data in everything(torn.folder).items() if ".git/" not in path}
    assert after == before


def test_it_undoes_conflicts_in_files_that_have_moved(template: Template, grown: Grown) -> None:
    grown.edit(RELAY, "relay line 2\n", "relay line 2, mine\n")
    git(grown.folder, "mv", OUTBOX, "src/shop/pipe/letters.py")
    grown.commit("Another name")
    before = {path: data for path, data in everything(grown.folder).items() if ".git/" not in path}
    template.replace(f"{PIPE}/relay.py", "relay line 2\n", "relay line 2, newer\n")
    template.move(f"{PIPE}/relay.py", f"{PIPE}/forwarder.py")
    template.move(f"{PIPE}/outbox.py", f"{PIPE}/post.py")
    template.release("v1.1.0")
    shown = typed(grown.update().stdout, "Or back to where you were:")
    grown.write("remarks.txt", "written while resolving\n")

    for command in shown:
        subprocess.run(command, shell=True, check=True, cwd="/")  # noqa: S602 - as a user types it

    assert git(grown.folder, "status", "--porcelain", "--ignored") == "?? remarks.txt"
    after = {path: data for path, data in everything(grown.folder).items() if ".git/" not in path}
    assert after == before | {"remarks.txt": b"written while resolving\n"}


def test_they_keep_another_update_from_starting(torn: Grown) -> None:
    torn.update()

    result = torn.update()

    assert_refused(result, f"conflicts are left in {OUTBOX}, {RELAY}", "resolve and commit")
    undone = result.stderr.strip().partition("undo that with: ")[2]
    subprocess.run(undone, shell=True, check=True, cwd="/")  # noqa: S602 - as a user types it
    assert git(torn.folder, "status", "--porcelain") == ""


@pytest.mark.parametrize("name", ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD"])
def test_a_merge_that_is_under_way_is_finished_first(torn: Grown, name: str) -> None:
    (torn.folder / ".git" / name).write_text(git(torn.folder, "rev-parse", "HEAD"))

    assert_refused(torn.update(), "is under way here; finish or abort it first")


def test_a_file_in_conflict_may_have_any_name(template: Template, grown: Grown) -> None:
    name = 'Grüße "an" alle.txt'
    template.write(name, "one\n")
    template.release("v1.1.0")
    grown.update()
    grown.commit("Update")
    grown.edit(name, "one", "mine")
    template.write(name, "newer\n")
    template.release("v1.2.0")

    result = grown.update()

    assert result.exit_code == 3
    assert f"  {name}  changed" in result.stdout
    assert grown.read(name).startswith("<<<<<<< yours\nmine\n")


def test_a_folder_in_the_place_of_a_file_is_a_conflict(template: Template, grown: Grown) -> None:
    git(grown.folder, "rm", "--quiet", RELAY)
    grown.write(f"{RELAY}/part.txt", "mine\n")
    grown.commit("A folder of that name")
    template.replace(f"{PIPE}/relay.py", "relay line 2\n", "relay line 2, newer\n")
    template.release("v1.1.0")

    result = grown.update()

    assert result.exit_code == 0, result.output
    assert grown.read(f"{RELAY}/part.txt") == "mine\n"
    assert grown.unstaged() == []
