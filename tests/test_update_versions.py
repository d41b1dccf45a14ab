"""`eventsmith update`: from which version to which, wherever the service's template is."""

import shutil
from pathlib import Path

import pytest

from conftest import Eventsmith, assert_refused, git
from growing import Grown, Template

RELAY = "src/shop/pipe/relay.py"
PIPE = "src/{{ package }}/pipe"


def change(template: Template, words: str = "newer") -> None:
    """Change the template, and commit nothing."""
    template.replace(f"{PIPE}/relay.py", "relay line 11", f"relay line 11, {words}")


def commit(template: Template) -> None:
    git(template.folder, "add", "--all")
    git(template.folder, "commit", "--message", "A change")


def made(eventsmith: Eventsmith, origin: object) -> Grown:
    """Make a service from somewhere, with an edit of its own."""
    result = eventsmith("new", "shop", "--no-lock", "--template", origin)
    assert result.exit_code == 0, result.output
    service = Grown(Path("shop").resolve(), eventsmith)
    service.edit(RELAY, "relay line 2\n", "relay line 2, mine\n")
    return service


def assert_brought(service: Grown, version: str) -> None:
    """Check that the service has the change of the template and its own."""
    assert "relay line 2, mine\n" in service.read(RELAY)
    assert "relay line 11, newer\n" in service.read(RELAY)
    assert service.recorded()["_commit"] == version


def test_from_a_commit_after_a_release(eventsmith: Eventsmith, template: Template) -> None:
    template.write("more.txt", "more\n")
    commit(template)
    service = made(eventsmith, template.folder)
    assert str(service.recorded()["_commit"]).startswith("v1.0.0-1-g")
    change(template)
    template.release("v1.1.0")

    assert service.update().exit_code == 0
    assert_brought(service, "v1.1.0")


def test_from_a_checkout_without_releases(eventsmith: Eventsmith, template: Template) -> None:
    git(template.folder, "tag", "--delete", "v1.0.0")
    service = made(eventsmith, template.folder)
    change(template)
    commit(template)

    assert service.update().exit_code == 0
    assert_brought(service, git(template.folder, "rev-parse", "--short", "HEAD"))


@pytest.mark.parametrize("form", ["bare", "bundle"])
def test_from_a_repository_that_is_no_checkout(
    eventsmith: Eventsmith, template: Template, tmp_path: Path, form: str
) -> None:
    def publish() -> None:
        if form == "bare":
            shutil.rmtree(tmp_path / "origin.git", ignore_errors=True)
            git(tmp_path, "clone", "--quiet", "--bare", str(template.folder), "origin.git")
        else:
            git(
                template.folder,
                "bundle",
                "create",
                "--quiet",
                str(tmp_path / "origin.git"),
                "--all",
            )

    publish()
    place = tmp_path / "origin.git"
    service = made(eventsmith, f"file://{place}" if form == "bare" else place)
    change(template)
    template.release("v1.1.0")
    template.write("unreleased.txt", "not yet\n")
    commit(template)
    publish()

    assert service.update().exit_code == 0
    assert_brought(service, "v1.1.0")
    assert not (service.folder / "unreleased.txt").exists()


def test_from_uncommitted_changes_only_with_a_base(
    eventsmith: Eventsmith, template: Template
) -> None:
    template.write("draft.txt", "draft\n")
    service = made(eventsmith, template.folder)
    template.path("draft.txt").unlink()
    change(template)
    template.release("v1.1.0")

    refused = service.update()
    assert_refused(refused, "has no version v1.0.0-1-g", "eventsmith update --base REF")
    assert service.staged() == {}

    assert service.update("--base", "v1.0.0").exit_code == 0
    assert_brought(service, "v1.1.0")
    assert service.read("draft.txt") == "draft\n"


def test_from_an_unpacked_archive_only_with_a_base_and_a_repository(
    eventsmith: Eventsmith, template: Template, tmp_path: Path
) -> None:
    unpacked = tmp_path / "repository/unpacked"
    shutil.copytree(template.folder, unpacked, ignore=shutil.ignore_patterns(".git"))
    git(unpacked.parent, "init", "--quiet")  # of something else
    service = made(eventsmith, unpacked)
    change(template)
    template.release("v1.1.0")

    assert_refused(service.update(), "records no version of its template", "update --base REF")
    assert_refused(service.update("--base", "v1.0.0"), "is no git repository")

    moved = ("--base", "v1.0.0", "--template", template.folder)
    assert service.update(*moved).exit_code == 0
    assert_brought(service, "v1.1.0")
    assert service.recorded()["_src_path"] == str(template.folder)


def test_from_a_relative_path_only_where_it_is_named(
    eventsmith: Eventsmith, template: Template
) -> None:
    service = made(eventsmith, template.folder)
    service.edit(".copier-answers.yml", str(template.folder), "../nowhere")
    change(template)
    template.release("v1.1.0")

    assert_refused(service.update(), "../nowhere")

    assert service.update("--template", template.folder).exit_code == 0
    assert_brought(service, "v1.1.0")


def test_to_a_version_that_is_named(template: Template, grown: Grown) -> None:
    for number in (1, 2):
        change(template)
        template.release(f"v1.{number}.0")

    assert grown.update("--to", "v1.1.0").exit_code == 0

    assert grown.recorded()["_commit"] == "v1.1.0"
    assert grown.read(RELAY).count("newer") == 1


def test_to_no_version_that_is_older(template: Template, grown: Grown) -> None:
    change(template)
    template.release("v1.1.0")
    grown.update()
    grown.commit("Update")

    refused = grown.update("--to", "v1.0.0")

    assert_refused(refused, "shop is at v1.1.0, and v1.0.0 is older; an update only leads forward")


def test_to_no_version_that_is_not_there(grown: Grown, template: Template) -> None:
    assert_refused(grown.update("--to", "v9"), f"{template.folder} has no version v9")
    assert_refused(grown.update("--base", "v9"), f"{template.folder} has no version v9")


def test_to_no_uncommitted_changes(template: Template, grown: Grown) -> None:
    change(template)
    template.release("v1.1.0")
    template.write("draft.txt", "draft\n")

    assert_refused(grown.update(), "has uncommitted changes", "or name a version with --to")

    assert grown.update("--to", "v1.1.0").exit_code == 0


def test_events_that_are_behind_come_along(template: Template, grown: Grown) -> None:
    event = "template/event/src/{{ package }}/events/{{ event_module }}.py"
    template.replace(event, "contract line 11", "contract newer")
    change(template)
    template.release("v1.1.0")
    grown.edit(RELAY, "relay line 2\n", "relay line 2, mine\n")
    # As plain `copier update` leaves a service: itself at the new version, its events not.
    assert grown.update().exit_code == 0
    for path in (".copier-answers.d/shop.Shipped.v1.yml", "src/shop/events/shipped.py"):
        git(grown.folder, "restore", "--source", "HEAD", "--staged", "--worktree", path)
    grown.commit("The service alone")

    result = grown.update()

    assert "Updated shop at v1.1.0: 2 files" in result.stdout
    assert "contract newer" in grown.read("src/shop/events/shipped.py")
    assert_brought(grown, "v1.1.0")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("project_slug", "other", "project_slug is part of what shop is and stays 'shop'"),
        ("package", "other", "package is part of what shop is and stays 'shop'"),
        ("with_example", "true", "with_example is part of what shop is and stays False"),
        ("projekt_name", "Other", "unknown option 'projekt_name'; did you mean 'project_name'?"),
        ("yours", "[]", "unknown option 'yours'"),
    ],
)
def test_a_service_stays_what_it_is(grown: Grown, key: str, value: str, words: str) -> None:
    assert_refused(grown.update("-d", f"{key}={value}"), words)
    assert grown.staged() == {}


def test_two_branches_that_each_add_an_event_merge(grown: Grown) -> None:
    start = git(grown.folder, "rev-parse", "HEAD")
    for name in ("Sent", "Lost"):
        git(grown.folder, "checkout", "--quiet", "-b", name, start)
        assert grown.run("add-event", name, "-C", grown.folder).exit_code == 0
        grown.commit(f"Add {name}")

    git(grown.folder, "merge", "--quiet", "--no-edit", "Sent")

    types = [row["event"] for row in grown.events()]
    assert types == ["Lost", "Sent", "Shipped"]
