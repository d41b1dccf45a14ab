"""The template of a service that was made before: found where it was, or told why not."""

from collections.abc import Mapping
from pathlib import Path

import bundling
import pytest
import yaml
from copier import run_copy

from conftest import Eventsmith, git
from eventsmith.errors import EventsmithError
from eventsmith.template import bundle, checkout, source
from eventsmith.template.rendering import Answers, render
from eventsmith.template.source import Source, has, newest, recorded

ADDRESS = "https://example.com/eventsmith/eventsmith.git"


def answers(service: Path) -> dict[str, object]:
    read = yaml.safe_load((service / ".copier-answers.yml").read_text("utf-8"))
    assert isinstance(read, dict)
    return read


def made_from(template: object, eventsmith: Eventsmith) -> dict[str, object]:
    """Make a service and return its answers."""
    result = eventsmith("new", "orders", "--no-lock", "--no-git", "--template", template)
    assert result.exit_code == 0, result.output
    return answers(Path("orders"))


def rendered(found: Source, tmp_path: Path) -> Mapping[str, object]:
    """Render what was found, as an added event would be, and return what that records."""
    folder = tmp_path / "rendered"
    folder.mkdir()
    render(found, folder, Answers())
    return answers(folder)


def move_on(checkout: Path, text: str = "newer") -> None:
    (checkout / "template/service/newer.txt").write_text(text)
    git(checkout, "add", "--all")
    git(checkout, "commit", "--message", "Newer")


def found_as_recorded(made: Mapping[str, object], tmp_path: Path) -> Source:
    """Check that the recorded version is found without a word, and renders what it did."""
    found = recorded(made, None)
    assert (found.remark, found.missing) == (None, None)
    assert rendered(found, tmp_path) == made
    return found


def test_a_service_made_from_a_release(
    eventsmith: Eventsmith, stand_in: Path, tmp_path: Path
) -> None:
    made = made_from(stand_in, eventsmith)
    move_on(stand_in)
    (stand_in / "template/service/draft.txt").write_text("draft")

    found = found_as_recorded(made, tmp_path)

    assert found.ref == "v1.0.0"
    assert sorted(path.name for path in (tmp_path / "rendered").iterdir()) == [
        ".copier-answers.yml",
        "name.txt",
    ]


def test_a_service_made_from_a_commit_after_a_release(
    eventsmith: Eventsmith, stand_in: Path, tmp_path: Path
) -> None:
    move_on(stand_in)
    made = made_from(stand_in, eventsmith)
    move_on(stand_in, "newest")

    assert str(found_as_recorded(made, tmp_path).ref).startswith("v1.0.0-1-g")
    assert (tmp_path / "rendered/newer.txt").read_text() == "newer"


def test_a_service_made_from_a_checkout_without_releases(
    eventsmith: Eventsmith, stand_in: Path, tmp_path: Path
) -> None:
    git(stand_in, "tag", "--delete", "v1.0.0")
    made = made_from(stand_in, eventsmith)
    move_on(stand_in)

    assert found_as_recorded(made, tmp_path).ref == git(stand_in, "rev-parse", "--short", "HEAD~1")


def test_a_service_made_from_a_bare_repository(
    eventsmith: Eventsmith, stand_in: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(stand_in), "bare.git")
    made = made_from(f"file://{tmp_path}/bare.git", eventsmith)

    assert found_as_recorded(made, tmp_path).ref == "v1.0.0"


def test_a_service_made_from_a_bundle(
    eventsmith: Eventsmith, stand_in: Path, tmp_path: Path
) -> None:
    git(stand_in, "bundle", "create", "--quiet", str(tmp_path / "some.bundle"), "--all")
    made = made_from(tmp_path / "some.bundle", eventsmith)

    assert found_as_recorded(made, tmp_path).ref == "v1.0.0"


@pytest.mark.usefixtures("shipped")
def test_a_service_made_from_a_wheel(eventsmith: Eventsmith, tmp_path: Path) -> None:
    assert eventsmith("new", "orders", "--no-lock", "--no-git").exit_code == 0
    made = answers(Path("orders"))

    assert (made["_src_path"], made["_commit"]) == (ADDRESS, "v1.0.0")
    found_as_recorded(made, tmp_path)


def test_a_service_made_from_a_wheel_between_releases_names_a_commit_of_the_repository(
    eventsmith: Eventsmith, stand_in: Path, shipped: Path
) -> None:
    move_on(stand_in)
    bundling.write(shipped, stand_in, "1.0.0")

    assert eventsmith("new", "orders", "--no-lock", "--no-git").exit_code == 0

    made = answers(Path("orders"))
    assert str(made["_commit"]).startswith("v1.0.0-1-g")
    assert recorded(made, None).missing is None
    assert recorded(made, str(stand_in)).missing is None


def test_a_service_made_from_a_wheel_grows_by_a_checkout(
    stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "CHECKOUT", stand_in)
    move_on(stand_in)

    found = recorded({"_src_path": ADDRESS, "_commit": "v1.0.0"}, None)

    assert (found.location, found.ref, found.missing) == (str(stand_in), "v1.0.0", None)
    assert rendered(found, tmp_path)["_commit"] == "v1.0.0"


def test_a_service_made_from_uncommitted_changes(
    eventsmith: Eventsmith, stand_in: Path, tmp_path: Path
) -> None:
    (stand_in / "template/service/draft.txt").write_text("draft")
    made = made_from(stand_in, eventsmith)

    found = recorded(made, None)

    assert found.missing == f"{stand_in} has no version {made['_commit']}"
    assert found.remark == f"{found.missing}: {stand_in} is used as it stands"
    rendered(found, tmp_path)
    assert (tmp_path / "rendered/draft.txt").exists()


def test_a_service_made_from_an_unpacked_archive(
    eventsmith: Eventsmith, stand_in: Path, tmp_path: Path
) -> None:
    (stand_in / ".git").rename(tmp_path / "history")
    made = made_from(stand_in, eventsmith)

    found = recorded(made, None)

    assert found.missing == "the service records no version of its template"
    assert rendered(found, tmp_path) == made


def test_a_service_made_from_a_relative_path_is_found_from_there_only(
    stand_in: Path, shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(stand_in.parent)
    run_copy(stand_in.name, tmp_path / "orders", vcs_ref="v1.0.0", defaults=True, quiet=True)
    made = answers(tmp_path / "orders")
    assert made["_src_path"] == stand_in.name

    assert recorded(made, None).location == str(stand_in)

    monkeypatch.chdir(shipped.parent)
    found = recorded(made, None)
    assert found.missing is None
    assert found.remark == (
        f"{stand_in.name} cannot be read (there is no such folder): "
        "v1.0.0 is read from the template of eventsmith 0.1.0"
    )
    assert rendered(found, tmp_path)["_src_path"] == ADDRESS


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize("place", ["/gone/eventsmith", "file:///gone/eventsmith", "/dev"])
def test_a_release_whose_template_is_gone_is_read_from_the_bundle(
    place: str, tmp_path: Path
) -> None:
    found = recorded({"_src_path": place, "_commit": "v1.0.0"}, None)

    assert found.missing is None
    assert str(found.remark).startswith(f"{place} cannot be read (")
    assert rendered(found, tmp_path)["_src_path"] == ADDRESS


@pytest.mark.usefixtures("shipped")
def test_somebody_elses_checkout_is_not_read(
    stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")

    found = recorded({"_src_path": str(stand_in), "_commit": "v1.0.0"}, None)

    assert "dubious ownership" in str(found.remark)
    assert found.missing is None
    monkeypatch.delenv("GIT_TEST_ASSUME_DIFFERENT_OWNER")
    assert rendered(found, tmp_path)["_src_path"] == ADDRESS


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize(
    ("made", "problems"),
    [
        (
            {"_src_path": "/gone/eventsmith", "_commit": "18195b3"},
            [
                "/gone/eventsmith cannot be read (there is no such folder)",
                "the template of eventsmith 0.1.0 has no version 18195b3",
            ],
        ),
        (
            {"_src_path": ADDRESS, "_commit": "v9.0.0"},
            ["the template of eventsmith 0.1.0 has no version v9.0.0"],
        ),
        (
            {"_src_path": "/gone"},
            [
                "/gone cannot be read (there is no such folder)",
                "the service records no version of its template",
            ],
        ),
        ({"_src_path": ADDRESS}, ["the service records no version of its template"]),
        ({}, ["the service records no version of its template"]),
    ],
)
def test_what_cannot_be_had_is_told_and_the_bundle_used_as_it_stands(
    made: dict[str, object], problems: list[str], tmp_path: Path
) -> None:
    found = recorded(made, None)

    missing = ", and ".join(problems)
    assert found.missing == missing
    assert found.remark == f"{missing}: the template of eventsmith 0.1.0 is used as it stands"
    assert rendered(found, tmp_path)["_commit"] == "v1.0.0"


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize(
    "place",
    [
        "https://example.com/eventsmith/eventsmith.git",
        "git+https://example.com/eventsmith/eventsmith",
        "git+https://example.com/eventsmith/eventsmith/",
        "https://Example.com/eventsmith/eventsmith.git",
        "https://ada:secret@example.com/eventsmith/eventsmith.git",
        "ssh://git@example.com/eventsmith/eventsmith.git",
        "ssh://git@example.com:2222/eventsmith/eventsmith.git",
        "git@example.com:eventsmith/eventsmith.git",
        "git@example.com:eventsmith/eventsmith",
        "git@example.com:/eventsmith/eventsmith.git",
    ],
)
def test_every_spelling_of_the_projects_address_is_the_bundle(place: str, tmp_path: Path) -> None:
    made = {"_src_path": place, "_commit": "v1.0.0"}

    found = recorded(made, None)

    assert (found.remark, found.missing) == (None, None)
    assert rendered(found, tmp_path)["_src_path"] == place


@pytest.mark.parametrize(
    "place",
    [
        "https://example.com/eventsmith/eventsmith-extras.git",
        "https://example.com/someone/eventsmith.git",
        "gh:eventsmith/eventsmith",
        "/example.com/eventsmith/eventsmith",
        "",
    ],
)
def test_another_address_is_not_the_projects(place: str) -> None:
    assert not bundle.is_own(place)


def test_shortcuts_of_copier_are_spellings_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "_base", lambda: "https://github.com/someone/eventsmith")

    assert bundle.is_own("gh:someone/eventsmith")
    assert bundle.is_own("gh:/someone/eventsmith.git")
    assert not bundle.is_own("gl:someone/eventsmith")


def test_the_user_can_name_another_place(stand_in: Path, tmp_path: Path) -> None:
    made = {"_src_path": "/gone", "_commit": "v1.0.0"}

    found = recorded(made, str(stand_in))

    assert (found.remark, found.missing) == (None, None)
    assert rendered(found, tmp_path)["_src_path"] == str(stand_in)


def test_a_named_place_without_that_version_is_used_as_it_stands(
    stand_in: Path, tmp_path: Path
) -> None:
    made = {"_src_path": "/gone", "_commit": "v0.9.0"}

    assert recorded(made, str(stand_in)).missing == f"{stand_in} has no version v0.9.0"
    (stand_in / ".git").rename(tmp_path / "history")
    assert str(recorded(made, str(stand_in)).missing).startswith(f"{stand_in} cannot be read (")


def test_a_named_place_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(EventsmithError, match=r"/nowhere cannot be read .* name the template"):
        recorded({"_src_path": "/gone", "_commit": "v1.0.0"}, "/nowhere")


def test_without_git_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(EventsmithError, match="install git"):
        recorded({"_src_path": ADDRESS, "_commit": "v1.0.0"}, None)


def test_has_knows_tags_branches_and_commits(
    stand_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")  # the strictest setting that a user can have
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "safe.bareRepository")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "explicit")
    git(stand_in, "branch", "side")
    move_on(stand_in)
    there = source.find(str(stand_in))
    commit = git(stand_in, "rev-parse", "HEAD")

    assert all(has(there, ref) for ref in ("v1.0.0", "side", commit, commit[:8], "HEAD", "HEAD~1"))
    assert has(there, git(stand_in, "describe", "--tags"))
    for ref in ("v2.0.0", "deadbee", f"v1.0.0-1-g{'0' * 7}", "--help", "HEAD:template", ""):
        assert not has(there, ref)


def test_an_update_leads_to_head_or_to_the_newest_release(stand_in: Path, shipped: Path) -> None:
    for tag in ("v1.9.0", "v1.10.0", "v2.0.0rc1", "vnext"):
        git(stand_in, "tag", tag)

    assert newest(source.find(str(stand_in))) == "HEAD"
    assert newest(source.find(None)) == "HEAD"
    assert newest(source.find(f"file://{stand_in}/.git")) == "v1.10.0"
    git(stand_in, "tag", "--delete", *git(stand_in, "tag").split())
    assert newest(source.find(f"file://{stand_in}/.git")) == "HEAD"
    assert shipped.exists()


def test_moving_to_another_version_forgets_what_was_said_of_the_first(stand_in: Path) -> None:
    (stand_in / "template/service/draft.txt").write_text("draft")
    there = recorded({"_commit": "v0.9.0"}, str(stand_in))

    assert there.missing
    assert (there.at("v1.0.0").remark, there.at("v1.0.0").missing) == (None, None)
    assert "has uncommitted changes" in str(there.at("HEAD").remark)
