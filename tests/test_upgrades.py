"""The notes on releases: their form, that none is missing, and who gets to read which."""

import re
import subprocess
from collections.abc import Iterable

import pytest
import yaml
from packaging.version import Version
from pathspec import PathSpec

import older
from conftest import ROOT, git
from eventsmith.updating import upgrades
from growing import Grown, Template

OLD: upgrades.Releases = {"1.1.0": {"breaking": ["one"]}}
NEW: upgrades.Releases = {**OLD, "1.2.0": {"renamed": {"src/<package>/a.py": "src/<package>/b.py"}}}
KEYS = {"breaking": "list", "renamed": "dict", "removed": "list", "manual": "list"}
# As a service has the path: without what makes a file depend on an option, or a template of it.
CONDITION = re.compile(r"\{% .*? %\}|\.jinja$")


def flaws(releases: upgrades.Releases) -> list[str]:
    """Return what is wrong with the form of the notes."""
    found = [] if [*releases] == sorted(releases, key=Version) else ["order"]
    for version, release in releases.items():
        if f"{Version(version)}" != version or not release:
            found.append(version)
        for key, value in release.items():
            texts = [text for text in value if isinstance(text, str)]
            if KEYS.get(key) != type(value).__name__ or len(texts) < len(value):
                found.append(f"{version} {key}")
    return found


def test_the_notes_have_their_form() -> None:
    assert flaws(upgrades.read(ROOT)) == []


def test_notes_without_that_form_are_found() -> None:
    right = {"breaking": ["X"], "renamed": {"a": "b"}, "removed": ["a"], "manual": ["Do it."]}
    assert flaws({"1.9.0": right, "1.10.0": right}) == []
    assert flaws({"1.10.0": right, "1.9.0": right}) == ["order"]
    assert flaws({"1.0": {}, "v1.1.0": {"news": ["X"], "manual": "Do it.", "removed": [1]}}) == [
        "1.0",
        "v1.1.0",
        "v1.1.0 news",
        "v1.1.0 manual",
        "v1.1.0 removed",
    ]


def test_a_file_that_was_renamed_or_removed_since_the_last_release_is_noted() -> None:
    described = subprocess.run(
        ["git", "describe", "--tags", "--abbrev=0", "--match", "v*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if described.returncode:
        pytest.skip("there is no release yet")

    assert unnoted(Template(ROOT), described.stdout.strip()) == []


def unnoted(template: Template, tag: str) -> list[str]:
    """Return the files of a service that are gone since a tag, and not in the notes."""
    folders = ["template/service", "template/event"]
    before = git(template.folder, "ls-tree", "-r", "-z", "--name-only", tag, "--", *folders)
    now = (path.relative_to(template.folder) for path in template.folder.glob("template/*/**/*"))
    gone = served(before.split("\0")) - served(path.as_posix() for path in now)
    since = upgrades.news(upgrades.read(template.folder), [noted_at(template, tag)])
    keys = ("renamed", "removed")
    patterns = [path for release in since.values() for key in keys for path in release.get(key, ())]
    noted = PathSpec.from_lines("gitignore", patterns)
    return sorted(path for path in gone if not noted.match_file(path))


def noted_at(template: Template, tag: str) -> upgrades.Releases:
    """Return the notes as they were at a tag."""
    name = "template/upgrades.yml"
    held = git(template.folder, "ls-tree", "--name-only", tag, "--", name)
    return yaml.safe_load(git(template.folder, "show", f"{tag}:{name}")) if held else {}


def served(names: Iterable[str]) -> set[str]:
    """Return the paths that the template's files have in a service."""
    inside = (name.split("/", 2)[2] for name in names if name.count("/") > 1)
    return {CONDITION.sub("", name).replace("{{ package }}", "<package>") for name in inside}


def test_the_guard_finds_what_is_not_noted(template: Template) -> None:
    template.move("src/{{ package }}/pipe/relay.py", "src/{{ package }}/pipe/publisher.py")
    template.path("{% if with_docs %}docs{% endif %}/guide.md").unlink()
    assert unnoted(template, "v1.0.0") == ["docs/guide.md", "src/<package>/pipe/relay.py"]

    template.write(
        "template/upgrades.yml",
        "1.1.0:\n  removed: [docs/guide.md]\n  renamed: {src/<package>/pipe/relay.py: elsewhere}\n",
    )
    assert unnoted(template, "v1.0.0") == []


def test_a_folder_may_be_noted_for_the_files_in_it(template: Template) -> None:
    template.move("src/{{ package }}/pipe", "src/{{ package }}/chassis")
    template.write("template/upgrades.yml", "1.1.0: {renamed: {src/<package>/pipe/: elsewhere}}\n")
    assert unnoted(template, "v1.0.0") == []
    template.release("v1.1.0")

    template.write("src/{{ package }}/pipe/relay.py", "again\n")
    template.release("v1.2.0")
    template.path("src/{{ package }}/pipe/relay.py").unlink()

    assert unnoted(template, "v1.2.0") == ["src/<package>/pipe/relay.py"]


def test_the_notes_name_every_file_that_went_into_the_chassis() -> None:
    """No release shows it: services made before the first one may be updated too."""
    older.need()

    assert unnoted(Template(ROOT), older.COMMIT) == []


def test_news_is_what_one_of_the_bases_did_not_tell() -> None:
    assert upgrades.news(NEW, [NEW]) == {}
    assert [*upgrades.news(NEW, [NEW, OLD])] == ["1.2.0"]
    assert [*upgrades.news(NEW, [{}])] == ["1.1.0", "1.2.0"]


def test_an_update_shows_the_notes_of_the_releases_it_crosses(
    template: Template, grown: Grown
) -> None:
    first = {"breaking": ["X is gone."], "removed": ["src/<package>/old.py"]}
    second = {"renamed": {"src/<package>/a.py": "src/<package>/b.py"}, "manual": ["Migrate."]}
    template.write("template/upgrades.yml", yaml.safe_dump({"1.1.0": first}))
    template.release("v1.1.0")
    template.write("template/upgrades.yml", yaml.safe_dump({"1.1.0": first, "1.2.0": second}))
    template.release("v1.2.0")

    told = grown.update("--to", "v1.1.0").stderr.splitlines()
    assert told == ["note: 1.1.0 breaks: X is gone.", "note: 1.1.0 removed src/shop/old.py"]
    grown.commit("Update")

    told = grown.update().stderr.splitlines()
    assert told == [
        "note: 1.2.0 renamed src/shop/a.py to src/shop/b.py",
        "note: 1.2.0 leaves to you: Migrate.",
    ]
    git(grown.folder, "reset", "--quiet", "--hard", "HEAD~1")

    assert len(grown.update("--dry-run").stderr.splitlines()) == 4
