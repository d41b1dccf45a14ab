"""The CI of a rendered service: valid, safe, pinned, and the same on GitHub and on GitLab."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pytest_copie.plugin import Copie

from conftest import ROOT, git
from rendering import render

ADDRESS = "https://git.example.org/team/eventsmith.git"
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")

# Where the files of a service name a version.
TOOLS = {
    "postgres": r"(?:image: |- )postgres:(\d+)",
    "redis": r"(?:image: |- )redis:(\d+)",
    "uv": r"""(?:uv:|[^-]version: ")([\d.]+)""",
    "python": r"""(?:python:?|python-version: ")(3\.\d+)""",
}


def check(service: Path, program: str, *args: str | Path) -> None:
    """Run a program that the test dependencies bring; show what it has to say."""
    command = [Path(sys.executable).with_name(program), *args]
    done = subprocess.run(command, cwd=service, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def github(copie_session: Copie) -> Path:
    return render(copie_session, "github", {"ci": "github"}).folder


@pytest.fixture(scope="module")
def gitlab(copie_session: Copie) -> Path:
    return render(copie_session, "gitlab", {"ci": "gitlab"}).folder


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository in which the working tree's template is the release v1.2.3."""
    folder = tmp_path_factory.mktemp("online") / "eventsmith"
    shutil.copytree(ROOT / "template", folder / "template")
    shutil.copy(ROOT / "copier.yml", folder)
    for command in (["init"], ["add", "--all"], ["commit", "--message=All"], ["tag", "v1.2.3"]):
        git(folder, *command)
    return folder


@pytest.fixture(params=["github", "gitlab"])
def online(request: pytest.FixtureRequest, release: Path, tmp_path: Path) -> Path:
    """Render from an address on the network, behind which git finds the release."""
    env = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{release.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
        "COPIER_CACHE_DIR": str(tmp_path / "cache"),
    }
    copy = ["copy", "--defaults", "--quiet", f"--data=ci={request.param}", ADDRESS, "orders"]
    command = [sys.executable, "-m", "copier", *copy]
    subprocess.run(command, cwd=tmp_path, env=os.environ | env, check=True)
    return tmp_path / "orders"


def workflows(service: Path) -> list[Path]:
    return sorted((service / ".github" / "workflows").glob("*.yml"))


def commands(service: Path) -> set[str]:
    """Return what CI runs of the service, however it is spelt there."""
    files = [*workflows(service), *service.glob(".gitlab-ci.yml")]
    text = "\n".join(path.read_text("utf-8") for path in files)
    return set(re.findall(r"(?:uv run|uv sync|uvx|docker build) ?[^\n]*", text))


def test_workflows_keep_to_their_schema_and_end(github: Path) -> None:
    schemas = ("vendor.github-workflows", "custom.github-workflows-require-timeout")
    for schema in schemas:
        check(github, "check-jsonschema", "--builtin-schema", schema, *workflows(github))


def test_the_pipeline_keeps_to_its_schema(gitlab: Path) -> None:
    schema = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    check(gitlab, "check-jsonschema", *schema, ".gitlab-ci.yml")


def test_the_updaters_keep_to_their_schemas(github: Path, gitlab: Path) -> None:
    dependabot = (".github/dependabot.yml",)
    check(github, "check-jsonschema", "--builtin-schema", "vendor.dependabot", *dependabot)
    check(gitlab, "check-jsonschema", "--builtin-schema", "vendor.renovate", "renovate.json")


def test_zizmor_finds_nothing(github: Path) -> None:
    check(github, "zizmor", "--offline", "--no-progress", ".github")


def test_every_action_is_pinned_and_says_its_version(github: Path) -> None:
    texts = "".join(path.read_text("utf-8") for path in workflows(github))
    used = re.findall(r"uses: (.+)", texts)

    assert used
    assert [action for action in used if not PINNED.fullmatch(action)] == []


def test_workflows_may_only_read(github: Path) -> None:
    for path in workflows(github):
        workflow = yaml.safe_load(path.read_text("utf-8"))
        assert workflow["permissions"] == {"contents": "read"}
        assert workflow["concurrency"]["cancel-in-progress"]
        assert [job for job in workflow["jobs"].values() if "permissions" in job] == []


def test_both_run_the_same(github: Path, gitlab: Path) -> None:
    assert commands(github) == commands(gitlab)
    assert "uv run orders contracts check" in commands(github)


def test_a_commit_is_checked_like_a_push(github: Path) -> None:
    config = yaml.safe_load((github / ".pre-commit-config.yaml").read_text("utf-8"))
    hooks = [hook["entry"] for repo in config["repos"] for hook in repo["hooks"]]

    assert {" ".join(hook.split()[:4]) for hook in hooks if "--" not in hook} <= {
        re.sub(r" (--check )?\.$", "", command) for command in commands(github)
    }


def test_servers_and_tools_are_the_same_everywhere(github: Path, gitlab: Path) -> None:
    texts = [
        (service / name).read_text("utf-8")
        for service, name in (
            (github, "compose.yaml"),
            (github, "Dockerfile"),
            (github, ".github/workflows/ci.yml"),
            (gitlab, ".gitlab-ci.yml"),
        )
    ]
    for tool, where in TOOLS.items():
        versions = [version for text in texts for version in re.findall(where, text)]
        assert len(versions) >= 3, tool
        assert len(set(versions)) == 1, tool


def test_a_template_on_a_disk_is_not_looked_for(github: Path, gitlab: Path) -> None:
    assert {command for command in commands(github) | commands(gitlab) if "uvx" in command} == set()


def test_a_template_with_an_address_is_held_against_the_service(online: Path) -> None:
    (command,) = (command for command in commands(online) if command.startswith("uvx"))

    assert command == f'uvx --from "git+{ADDRESS}@v1.2.3" eventsmith check'
    if workflows(online):
        test_zizmor_finds_nothing(online)
        test_workflows_may_only_read(online)
        test_every_action_is_pinned_and_says_its_version(online)
        test_workflows_keep_to_their_schema_and_end(online)
    else:
        test_the_pipeline_keeps_to_its_schema(online)


def test_what_an_agent_is_told_exists(github: Path) -> None:
    told = (github / "AGENTS.md").read_text("utf-8")
    paths = re.findall(r"`([\w./]*(?:/|\.py|\.toml|\.yaml))`|(\S+/\S+\.md)", told)
    roots = (github, github / "src" / "orders")

    assert paths
    assert [
        path
        for path, page in paths
        for name in [path or page]
        if not any((root / name).exists() for root in roots)
    ] == []
