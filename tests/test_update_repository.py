"""`eventsmith update` and the user's repository: what it needs, and what it leaves alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Eventsmith, assert_refused, git
from growing import Grown, Template, everything

RELAY = "src/shop/pipe/relay.py"
PIPE = "src/{{ package }}/pipe"


@pytest.fixture
def newer(template: Template, grown: Grown) -> None:
    """Release the template once more, when the service is made."""
    del grown
    template.replace(f"{PIPE}/relay.py", "relay line 11", "relay line 11, newer")
    template.write(f"{PIPE}/new/extra.py", "extra\n")
    template.release("v1.1.0")


@pytest.fixture
def monorepo(grown: Grown, tmp_path: Path) -> Grown:
    """Return the service as a folder of a repository, with neighbours that are worked on."""
    top = tmp_path / "many"
    (top / "services").mkdir(parents=True)
    shutil.rmtree(grown.folder / ".git")
    grown.folder.rename(top / "services/shop")
    for name in ("edited", "staged", "gone"):
        (top / f"{name}.txt").write_text("as committed\n")
    (top / ".gitignore").write_text("ignored.txt\n")
    git(top, "init", "--quiet")
    git(top, "add", "--all")
    git(top, "commit", "--message", "Many services")
    (top / "edited.txt").write_text("edited\n")
    (top / "services/untracked.txt").write_text("untracked\n")
    (top / "ignored.txt").write_text("ignored\n")
    (top / "gone.txt").unlink()
    (top / "staged.txt").write_text("staged\n")
    git(top, "add", "staged.txt")
    return Grown(top / "services/shop", grown.run)


@pytest.mark.usefixtures("newer")
def test_only_the_services_folder_is_touched(monorepo: Grown) -> None:
    top = monorepo.folder.parents[1]
    outside = {path: data for path, data in everything(top).items() if "shop" not in path}

    result = monorepo.update()

    assert result.exit_code == 0, result.output
    assert monorepo.staged()[RELAY] == "M"
    assert monorepo.unstaged() == []
    assert git(top, "diff", "--cached", "--name-only", "--", ":!services") == "staged.txt"
    assert git(top, "diff", "--name-only") == "edited.txt\ngone.txt"
    after = {path: data for path, data in everything(top).items() if "shop" not in path}
    assert after | {".git/index": b""} == outside | {".git/index": b""}


@pytest.mark.usefixtures("newer")
def test_the_commit_that_is_shown_takes_the_service_alone(monorepo: Grown) -> None:
    shown = monorepo.update().stdout.splitlines()[-1]

    subprocess.run(shown, shell=True, check=True, cwd="/")  # noqa: S602 - as a user types it

    top = monorepo.folder.parents[1]
    names = git(top, "show", "--name-only", "--format=", "HEAD").splitlines()
    assert all(name.startswith("services/shop/") for name in names)
    assert git(top, "diff", "--cached", "--name-only") == "staged.txt"


@pytest.mark.usefixtures("newer")
def test_conflicts_in_a_folder_are_undone_in_that_folder(monorepo: Grown) -> None:
    monorepo.write(RELAY, "mine\n")
    git(monorepo.folder, "commit", "--message", "Edit", "--", ".")
    result = monorepo.update()
    assert result.exit_code == 3

    subprocess.run(result.stdout.splitlines()[-1], shell=True, check=True, cwd="/")  # noqa: S602

    assert git(monorepo.folder, "status", "--porcelain", ".") == ""
    assert git(monorepo.folder.parents[1], "diff", "--cached", "--name-only") == "staged.txt"


@pytest.mark.usefixtures("newer")
def test_conflicts_elsewhere_are_resolved_first(monorepo: Grown) -> None:
    top = monorepo.folder.parents[1]
    (top / "staged.txt").write_text("one\n")
    git(top, "stash", "--quiet")
    (top / "staged.txt").write_text("other\n")
    git(top, "commit", "--message", "Other", "staged.txt")
    with pytest.raises(subprocess.CalledProcessError):
        git(top, "stash", "pop", "--quiet")

    assert_refused(monorepo.update(), "conflicts are left in staged.txt; resolve them first")


@pytest.mark.usefixtures("newer")
def test_changes_that_are_not_committed_are_named(grown: Grown) -> None:
    grown.write(RELAY, "mine\n")
    grown.write("todo.txt", "todo\n")

    result = grown.update()

    assert_refused(result, f"changes that are not committed: {RELAY}, todo.txt; commit or stash")


@pytest.mark.usefixtures("newer")
def test_many_changes_are_counted(grown: Grown) -> None:
    for number in range(7):
        grown.write(f"todo-{number}.txt", "todo\n")

    assert_refused(grown.update(), "todo-4.txt and 2 more; commit")


@pytest.mark.usefixtures("newer")
def test_a_change_of_line_ends_or_dates_alone_is_none(grown: Grown) -> None:
    os.utime(grown.folder / RELAY, (1, 1))
    grown.write("run.log", "ignored by git\n")

    assert grown.update().exit_code == 0
    assert grown.read("run.log") == "ignored by git\n"


@pytest.mark.parametrize("name", ["src/shop/pipe/new/extra.py", "src/shop/pipe/new"])
@pytest.mark.usefixtures("newer")
def test_what_git_ignores_is_not_overwritten(grown: Grown, name: str) -> None:
    grown.edit(".gitignore", "*.log\n", "*.log\nnew\n")
    grown.write(name, "nowhere else\n")
    before = everything(grown.folder)

    assert_refused(grown.update(), f"{name} would be overwritten and is not in git; move it away")
    assert everything(grown.folder) == before


def test_a_folder_of_ignored_files_is_in_the_way_of_a_file(
    template: Template, grown: Grown
) -> None:
    template.write("cache", "a file\n")
    template.release("v1.1.0")
    grown.edit(".gitignore", "*.log\n", "*.log\ncache/\n")
    grown.write("cache/one", "nowhere else\n")

    assert_refused(grown.update(), "cache/one would be overwritten")


@pytest.mark.usefixtures("newer")
def test_a_service_without_git_is_told_how_to_get_it(grown: Grown) -> None:
    shutil.rmtree(grown.folder / ".git")

    assert_refused(grown.update(), "lies in no git repository", "run: git init && git add --all")


@pytest.mark.usefixtures("newer")
def test_a_service_that_is_not_committed_is_refused(grown: Grown, tmp_path: Path) -> None:
    shutil.rmtree(grown.folder / ".git")
    git(tmp_path, "init", "--quiet")
    assert_refused(
        grown.update(), "changes that are not committed: all of it; commit or stash them"
    )

    (tmp_path / ".gitignore").write_text("shop\n")
    assert_refused(grown.update(), f"nothing in {grown.folder} is committed; commit it")


@pytest.mark.usefixtures("newer")
def test_answers_that_are_not_committed_are_refused(grown: Grown) -> None:
    git(grown.folder, "rm", "--quiet", "--cached", "-r", ".copier-answers.d")
    grown.write(".gitignore", ".copier-answers.d\n")
    git(grown.folder, "commit", "--message", "Ignore", "--all")

    assert_refused(grown.update(), "shop.Shipped.v1.yml is not committed")


@pytest.mark.usefixtures("newer")
def test_another_git_command_at_work_is_waited_for(grown: Grown) -> None:
    lock = grown.folder / ".git/index.lock"
    lock.touch()

    assert_refused(grown.update(), "another git command is at work here", f"remove {lock}")
    assert lock.exists()
    assert grown.read(RELAY).count("newer") == 0


@pytest.mark.usefixtures("newer")
def test_a_git_that_is_too_old_is_named(
    grown: Grown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "bin/git"
    old.parent.mkdir()
    real = shutil.which("git")
    old.write_text(
        f"#!/bin/sh\nfor last; do :; done\n"
        f'[ "$last" = version ] && echo git version 2.30.2 || exec {real} "$@"\n'
    )
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(old.parent), prepend=os.pathsep)

    assert_refused(grown.update(), "needs git 2.38", "2.30.2", "install a newer one")


@pytest.mark.usefixtures("newer")
def test_it_works_from_a_folder_of_the_service_and_in_a_linked_work_tree(
    grown: Grown, tmp_path: Path, eventsmith: Eventsmith
) -> None:
    git(grown.folder, "worktree", "add", "--quiet", str(tmp_path / "linked"))
    linked = Grown(tmp_path / "linked", grown.run)

    assert eventsmith("update", "-C", linked.folder / "src/shop").exit_code == 0

    assert linked.staged()[RELAY] == "M"
    assert grown.staged() == {}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, names of files are text")
def test_a_repository_may_lie_in_a_folder_whose_name_is_no_text(
    template: Template, grown: Grown, tmp_path: Path
) -> None:
    template.write("extra.txt", "extra\n")
    template.release("v1.1.0")
    odd = Grown(grown.folder.rename(Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9"))), grown.run)

    assert odd.update().exit_code == 0
    assert odd.read("extra.txt") == "extra\n"
