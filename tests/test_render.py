"""The template: every combination of answers renders to clean, finished files."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from copier import run_copy
from pytest_copie.plugin import Copie

from conftest import ROOT
from rendering import AWKWARD, EVERY, MAIN, OPTIONS, Answers, Rendered, read, render

# `${{ ` belongs to GitHub's workflows, and `{{` without a blank to Lua.
JINJA = re.compile(r"(?<!\$)\{\{[- ]|\{%|(?<!\$)\{# ")


@pytest.fixture(scope="module", params=EVERY)
def service(request: pytest.FixtureRequest, copie_session: Copie) -> Rendered:
    return render(copie_session, request.param, EVERY[request.param])


def test_has_no_jinja_left(service: Rendered) -> None:
    # A name with braces in it is the user's own, and a page is a template of the service's.
    left = [
        f"{name}: {line}"
        for name, text in service.files.items()
        if "/ops/templates/" not in name
        for line in text.replace("{{ more }}", "").splitlines()
        if JINJA.search(name + line)
    ]

    assert left == []


def test_compiles(service: Rendered) -> None:
    for name, text in service.those(".py").items():
        compile(text, name, "exec", dont_inherit=True)


def test_every_module_says_first_what_it_owns(service: Rendered) -> None:
    silent = [
        name
        for name, text in service.those(".py").items()
        if not (text.startswith('"""') and ast.get_docstring(ast.parse(text)))
    ]

    assert silent == []


def test_is_formatted_and_lint_clean(service: Rendered) -> None:
    for command in (["format", "--check", "--diff"], ["check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", "."],
            cwd=service.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_its_configuration_can_be_read(service: Rendered) -> None:
    for text in service.those(".yml", ".yaml").values():
        list(yaml.safe_load_all(text))
    for text in service.those(".toml").values():
        tomllib.loads(text)
    for text in service.those(".json").values():
        json.loads(text)


def test_text_ends_with_one_newline_and_lines_with_none(service: Rendered) -> None:
    untidy = [
        name
        for name, text in service.files.items()
        if text
        and (not text.endswith("\n") or text.endswith("\n\n") or re.search(r"[ \t]\n", text))
    ]

    assert untidy == []


@pytest.mark.parametrize("answers", [*MAIN.values(), AWKWARD["punctuated"]])
def test_two_renders_are_identical(answers: Answers, tmp_path: Path) -> None:
    """Also under another hash seed, locale, time zone and folder."""
    data = [f"--data={key}={value}" for key, value in answers.items()]
    folders = (tmp_path / "one", tmp_path / "two")
    surroundings = (
        {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "UTC"},
        {"PYTHONHASHSEED": "2", "LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu"},
    )
    for folder, env in zip(folders, surroundings, strict=True):
        source = ["copy", str(ROOT), str(folder), "--defaults", "--quiet", "--vcs-ref=HEAD"]
        command = [sys.executable, "-m", "copier", *source, *data]
        subprocess.run(command, env=os.environ | env, check=True)
    one, two = (without_commit(read(folder)) for folder in folders)

    assert one == two


def without_commit(files: dict[str, str]) -> dict[str, str]:
    """Leave out the commit, which is made anew for each render of uncommitted changes."""
    answers = ".copier-answers.yml"
    return files | {answers: re.sub(r"^_commit: .*\n", "", files[answers], flags=re.MULTILINE)}


def test_needs_no_trust(tmp_path: Path) -> None:
    run_copy(str(ROOT), tmp_path, defaults=True, unsafe=False, quiet=True, vcs_ref="HEAD")

    assert (tmp_path / "pyproject.toml").exists()


@pytest.mark.parametrize("name", MAIN)
def test_renders_the_files_that_were_agreed_on(
    name: str, copie_session: Copie, request: pytest.FixtureRequest
) -> None:
    golden = ROOT / "tests" / "golden" / f"{name}.txt"
    listed = "\n".join(render(copie_session, name, MAIN[name]).files) + "\n"
    if request.config.getoption("--update-golden"):
        golden.write_text(listed, "utf-8")

    assert golden.exists(), "run: make test ARGS='tests/test_render.py --update-golden'"
    assert listed == golden.read_text("utf-8")


def test_the_combinations_cover_every_option() -> None:
    questions = yaml.safe_load((ROOT / "copier.yml").read_text("utf-8"))
    options = {
        key
        for key, details in questions.items()
        if not key.startswith(("_", "kind", "event"))
        if details["type"] == "bool" or "choices" in details
    }

    assert set(OPTIONS) == options
