"""`eventsmith update`: what becomes of each file, edited or not, when the template moves on."""

import pytest

from conftest import git
from growing import Grown, Template

RELAY = "src/shop/pipe/relay.py"
MOVED = "src/shop/pipe/publishing/relay.py"
PIPE = "src/{{ package }}/pipe"
EVENT = ".copier-answers.d/shop.Shipped.v1.yml"


def test_a_change_of_the_template_joins_the_users(template: Template, grown: Grown) -> None:
    grown.edit(RELAY, "relay line 2\n", "relay line 2, mine\n")
    template.replace(f"{PIPE}/relay.py", "relay line 11", "relay line 11, newer")
    template.release("v1.1.0")

    result = grown.update()

    assert result.exit_code == 0, result.output
    assert "Updated shop from v1.0.0 to v1.1.0: 3 files, nothing is committed." in result.stdout
    assert "relay line 2, mine\n" in grown.read(RELAY)
    assert "relay line 11, newer\n" in grown.read(RELAY)
    assert grown.staged() == {".copier-answers.yml": "M", EVENT: "M", RELAY: "M"}
    assert grown.unstaged() == []
    assert git(grown.folder, "log", "-1", "--format=%s") == f"Edit {RELAY}"


@pytest.mark.parametrize("new", ["pipe/publisher.py", "pipe/publishing/relay.py", "relay.py"])
def test_a_file_that_is_renamed_or_moved_takes_edits_along(
    template: Template, grown: Grown, new: str
) -> None:
    grown.edit(RELAY, "relay line 2\n", "relay line 2, mine\n")
    template.replace(f"{PIPE}/relay.py", "relay line 11", "relay line 11, newer")
    template.move(f"{PIPE}/relay.py", f"src/{{{{ package }}}}/{new}")
    template.release("v1.1.0")

    assert grown.update().exit_code == 0

    assert not (grown.folder / RELAY).exists()
    assert "relay line 2, mine\n" in grown.read(f"src/shop/{new}")
    assert "relay line 11, newer\n" in grown.read(f"src/shop/{new}")


def test_a_contract_that_was_edited_is_merged_and_a_handler_left_alone(
    template: Template, grown: Grown
) -> None:
    contract, handler = (f"src/shop/{kind}/shipped.py" for kind in ("events", "handlers"))
    grown.edit(contract, "contract line 2\n", "contract line 2, mine\n")
    grown.edit(handler, "handler line 2\n", "handler line 2, mine\n")
    for kind in ("contract", "handler"):
        name = f"template/event/src/{{{{ package }}}}/{kind.replace('contract', 'event')}s"
        template.replace(f"{name}/{{{{ event_module }}}}.py", f"{kind} line 11", f"{kind} newer")
    template.release("v1.1.0")

    assert grown.update().exit_code == 0

    assert "contract line 2, mine\n" in grown.read(contract)
    assert "contract newer\n" in grown.read(contract)
    assert "handler line 2, mine\n" in grown.read(handler)
    assert "handler newer\n" not in grown.read(handler)


def test_a_file_that_is_removed_goes_unless_it_was_edited(template: Template, grown: Grown) -> None:
    grown.edit(RELAY, "relay line 2\n", "relay line 2, mine\n")
    for name in ("relay.py", "outbox.py"):
        template.path(f"{PIPE}/{name}").unlink()
    template.release("v1.1.0")

    result = grown.update()

    assert result.exit_code == 3
    assert f"  {RELAY}  removed by the template, changed by you\n" in result.stdout
    assert "relay line 2, mine\n" in grown.read(RELAY)
    assert not (grown.folder / "src/shop/pipe/outbox.py").exists()
    assert grown.staged()[RELAY] == "U"


def test_an_option_that_is_switched_off_takes_its_files_unless_edited(
    grown: Grown,
) -> None:
    assert grown.update("-d", "with_docs=false").exit_code == 0
    assert not (grown.folder / "docs").exists()
    assert grown.recorded()["with_docs"] is False
    git(grown.folder, "reset", "--quiet", "--hard")

    grown.edit("docs/guide.md", "guide line 2\n", "guide line 2, mine\n")
    result = grown.update("-d", "with_docs=false")

    assert result.exit_code == 3
    assert "docs/guide.md  removed by the template, changed by you" in result.stdout
    assert "guide line 2, mine" in grown.read("docs/guide.md")


def test_what_the_user_deleted_stays_deleted(template: Template, grown: Grown) -> None:
    grown.delete(RELAY)
    template.replace(f"{PIPE}/relay.py", "relay line 11", "relay line 11, newer")
    template.release("v1.1.0")

    result = grown.update()

    assert result.exit_code == 0, result.output
    assert f"note: you deleted {RELAY}, and an update leaves it so" in result.stderr
    assert {path.name for path in (grown.folder / "src/shop/pipe").iterdir()} == {
        "migrations",
        "outbox.py",
    }
    assert grown.unstaged() == []


@pytest.mark.parametrize("change", ["relay line 11", "relay line 11, newer"])
def test_what_the_user_deleted_comes_back_where_the_template_moves_it(
    template: Template, grown: Grown, change: str
) -> None:
    grown.delete(RELAY)
    template.replace(f"{PIPE}/relay.py", "relay line 11", change)
    template.move(f"{PIPE}/relay.py", "src/{{ package }}/chassis/relay.py")
    template.release("v1.1.0")

    result = grown.update()

    assert result.exit_code == 0, result.output
    assert "you deleted" not in result.stderr
    assert f"{change}\n" in grown.read("src/shop/chassis/relay.py")
    assert not (grown.folder / RELAY).exists()
    assert grown.unstaged() == []


def test_a_new_package_for_the_users_modules_arrives(template: Template, grown: Grown) -> None:
    template.replace("copier.yml", "[/notes.md,", '[/notes.md, "/src/{{ package }}/tasks",')
    template.write("src/{{ package }}/tasks/__init__.py", "tasks\n")
    template.write("src/{{ package }}/tasks/sample.py", "a sample\n")
    template.release("v1.1.0")

    assert grown.update().exit_code == 0

    assert grown.read("src/shop/tasks/__init__.py") == "tasks\n"
    assert not (grown.folder / "src/shop/tasks/sample.py").exists()


def test_a_new_package_does_not_hide_a_module_of_the_users(
    template: Template, grown: Grown
) -> None:
    grown.write("src/shop/tasks.py", "mine\n")
    grown.commit("Add a module")
    template.replace("copier.yml", "[/notes.md,", '[/notes.md, "/src/{{ package }}/tasks",')
    template.write("src/{{ package }}/tasks/__init__.py", "tasks\n")
    template.release("v1.1.0")

    assert grown.update().exit_code == 0

    assert not (grown.folder / "src/shop/tasks").exists()


@pytest.mark.parametrize("inside", ["mine.py", "deeper/mine.py"])
def test_a_folder_that_the_template_leaves_stays_a_package_for_the_users_modules(
    template: Template, grown: Grown, inside: str
) -> None:
    for folder in ("pipe", "other"):
        template.write(f"src/{{{{ package }}}}/{folder}/__init__.py", f"a package, {folder}\n")
    template.release("v1.1.0")
    assert grown.update().exit_code == 0
    grown.write(f"src/shop/pipe/{inside}", "mine\n")
    grown.commit("Update, and add a module")
    for folder in ("pipe", "other"):
        template.move(f"src/{{{{ package }}}}/{folder}", f"src/{{{{ package }}}}/chassis/{folder}")
    template.release("v1.2.0")

    assert grown.update().exit_code == 0

    for package in ("pipe", "chassis/pipe", "chassis/other"):
        assert (grown.folder / f"src/shop/{package}/__init__.py").exists()
    assert not (grown.folder / "src/shop/other").exists()


def test_what_is_rendered_once_neither_changes_nor_comes_back(
    template: Template, grown: Grown
) -> None:
    grown.delete("migrations/0001.py")
    template.replace("notes.md", "note line 2\n", "note line 2, newer\n")
    template.write("migrations/0001.py", "other tables\n")
    template.write("migrations/0002.py", "more tables\n")
    template.release("v1.1.0")

    assert grown.update().exit_code == 0

    assert grown.staged().keys() == {".copier-answers.yml", EVENT}
    assert not (grown.folder / "migrations").exists()


def test_what_becomes_the_users_stays_and_what_becomes_the_templates_is_merged(
    template: Template, grown: Grown
) -> None:
    grown.edit("notes.md", "note line 2\n", "note line 2, mine\n")
    template.replace("copier.yml", "[/notes.md,", "[/settings.py,")
    template.replace("notes.md", "note line 11", "note line 11, newer")
    template.replace("settings.py", "setting line 11", "setting line 11, newer")
    template.release("v1.1.0")

    assert grown.update().exit_code == 0

    assert "note line 2, mine\n" in grown.read("notes.md")
    assert "note line 11, newer\n" in grown.read("notes.md")
    assert "newer" not in grown.read("settings.py")


def test_a_file_of_the_users_stays_though_the_template_renames_it(
    template: Template, grown: Grown
) -> None:
    template.replace("copier.yml", "[/notes.md,", "[/NOTES.txt,")
    template.move("notes.md", "NOTES.txt")
    template.release("v1.1.0")

    assert grown.update().exit_code == 0

    assert (grown.folder / "notes.md").exists()
    assert not (grown.folder / "NOTES.txt").exists()


def test_a_file_of_the_users_is_not_taken_for_the_new_home_of_another(
    template: Template, grown: Grown
) -> None:
    text = grown.read(RELAY)
    grown.delete(RELAY)
    grown.write("migrations/0002.py", text)
    grown.commit("Keep a copy")
    template.replace(f"{PIPE}/relay.py", "relay line 11", "relay line 11, newer")
    template.release("v1.1.0")

    assert grown.update().exit_code == 0
    assert grown.read("migrations/0002.py") == text


def test_a_file_that_the_user_added_stays_where_its_folder_was(
    template: Template, grown: Grown
) -> None:
    grown.write("src/shop/pipe/mine.py", "mine\n")
    grown.commit("Add a file")
    for name in ("relay.py", "outbox.py", "migrations/0001.py"):
        template.move(f"{PIPE}/{name}", f"src/{{{{ package }}}}/messaging/{name}")
    template.release("v1.1.0")

    assert grown.update().exit_code == 0
    assert grown.read("src/shop/pipe/mine.py") == "mine\n"
    assert (grown.folder / "src/shop/messaging/relay.py").exists()


def test_the_pipes_tables_change_beside_the_services_own(template: Template, grown: Grown) -> None:
    grown.write("migrations/0002_parcels.py", "the user's tables\n")
    grown.commit("Add a table")
    template.write(f"{PIPE}/migrations/0002.py", "the pipe's next tables\n")
    template.release("v1.1.0")

    assert grown.update().exit_code == 0

    assert grown.staged()["src/shop/pipe/migrations/0002.py"] == "A"
    assert grown.read("migrations/0002_parcels.py") == "the user's tables\n"


def test_answers_are_what_copier_writes(template: Template, grown: Grown) -> None:
    template.replace("copier.yml", "package:", "depots: {type: int, default: 3}\npackage:")
    template.release("v1.1.0")

    result = grown.update()

    assert "note: new questions have their defaults: depots=3; change one:" in result.stderr
    grown.run(
        "new",
        "fresh",
        "-d",
        "project_slug=shop",
        "-d",
        "project_name=Shop",
        "--no-git",
        "--no-lock",
        "--template",
        template.folder,
    )
    fresh = Grown(grown.folder.parent / "fresh", grown.run)
    assert grown.read(".copier-answers.yml") == fresh.read(".copier-answers.yml")
    assert grown.recorded()["_commit"] == grown.recorded(EVENT)["_commit"] == "v1.1.0"
    assert grown.recorded()["_src_path"] == str(template.folder)


def test_an_answer_given_anew_is_recorded(template: Template, grown: Grown) -> None:
    template.replace("copier.yml", "package:", "depots: {type: int, default: 3}\npackage:")
    template.release("v1.1.0")

    result = grown.update("-d", "depots=5")

    assert "new questions" not in result.stderr
    assert grown.recorded()["depots"] == 5


def test_a_service_that_is_there_already_is_left_alone(grown: Grown) -> None:
    result = grown.update()

    assert (result.exit_code, result.stdout) == (0, "shop is at v1.0.0 already\n")
    assert grown.staged() == {}


def test_a_dry_run_shows_the_difference_and_changes_nothing(
    template: Template, grown: Grown
) -> None:
    grown.edit(RELAY, "relay line 2\n", "relay line 2, mine\n")
    template.replace(f"{PIPE}/relay.py", "relay line 11", "relay line 11, newer")
    template.release("v1.1.0")

    result = grown.update("--dry-run")

    assert result.exit_code == 0
    assert f"diff --git a/{RELAY} b/{RELAY}\n" in result.stdout
    assert "+relay line 11, newer\n" in result.stdout
    assert grown.staged() == {}
    assert "newer" not in grown.read(RELAY)


def test_a_dry_run_tells_the_conflicts_there_would_be(template: Template, grown: Grown) -> None:
    grown.edit(RELAY, "relay line 2\n", "relay line 2, mine\n")
    template.replace(f"{PIPE}/relay.py", "relay line 2\n", "relay line 2, newer\n")
    template.release("v1.1.0")

    result = grown.update("--dry-run")

    assert result.exit_code == 3
    assert f"note: this would be a conflict: {RELAY}, changed by the template" in result.stderr
    assert grown.staged() == {}
