"""The repository itself: what must never be committed, what must agree, how long things may be."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from conftest import ROOT, git
from eventsmith.cli.app import app

INDEX = re.compile(r"index-url\s*[=:]\s*\S|://[^\s\"']*/(simple|packages)\b")
# In the image, root's files may lie where this machine's user is at home.
HERE = "|".join(re.escape(f"{folder}/") for folder in {ROOT, Path.home()} - {Path("/")})
MACHINE = re.compile(rf"/Users/\w|/home/(?!app\b)\w|(?:{HERE})(?!\.cache/uv|\.netrc)")
PIN = re.compile(r"[a-z0-9][a-z0-9-]*==[0-9][\w.]*( ; .+)?")
FENCE = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def committed() -> list[Path]:
    """Return the files that are in the repository, or would be after `git add --all`."""
    names = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    paths = (ROOT / name for name in names.split("\0") if name)
    return [path for path in paths if path.is_file() and path != Path(__file__)]


@pytest.mark.parametrize("pattern", [INDEX, MACHINE], ids=["index", "machine"])
def test_names_no_package_index_and_no_machine(pattern: re.Pattern[str]) -> None:
    found = [
        f"{shown(path)}: {line.strip()}"
        for path in committed()
        for line in path.read_text("utf-8", errors="replace").splitlines()
        if pattern.search(line)
    ]

    assert found == []


def test_commits_no_lockfile() -> None:
    assert [path for path in committed() if path.name == "uv.lock"] == []


def test_constraints_are_names_and_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()

    assert [line for line in lines if not PIN.fullmatch(line)] == []


def test_make_alone_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout

    assert phony
    assert [line.split()[1] for line in listed.splitlines()] == phony[1].split()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_commands_in_the_documentation_exist(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    typed = [line for block in FENCE.findall(text) for line in block.splitlines()]
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    commands = getattr(get_command(app), "commands", {})

    for line in typed:
        for program, known in (("make", targets), ("eventsmith", commands)):
            for name in re.findall(rf"(?:^|[\s&;]){program} ([a-z][a-z-]*)", line):
                assert name in known, f"{page}: {line}"


def modules(*folders: str) -> list[Path]:
    found = {path for folder in folders for path in (ROOT / folder).rglob("*.py")}
    return sorted(found - set((ROOT / "tests" / "chassis").rglob("*.py")))  # long stories


def functions(text: str) -> dict[str, int]:
    """Return the functions of a module and their lengths."""
    nodes = ast.walk(ast.parse(text))
    found = (node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return {node.name: (node.end_lineno or node.lineno) - node.lineno + 1 for node in found}


@pytest.mark.parametrize("path", modules("generator", "benchmarks", "scripts"), ids=shown)
def test_modules_are_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 150


@pytest.mark.parametrize("path", modules("generator", "benchmarks", "scripts", "tests"), ids=shown)
def test_modules_say_first_what_they_own_and_have_short_functions(path: Path) -> None:
    text = path.read_text("utf-8")
    longest = 45 if path.parent.name == "cli" else 30  # a parameter for each option, with its help

    assert text.startswith('"""')
    assert {name for name, lines in functions(text).items() if lines > longest} == set()
