"""What is imported demands exactly what the publisher's class does, whatever that is made of."""

import json
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel

from conftest import ROOT
from importing import contract, contract_of, essence, imported, loaded, module_of
from published import events

ANYWHERE, TEMPORARY = ".".join("0000"), "/" + "tmp"
LIST = {"type": "array", "items": {"type": "string"}}
# What hypothesis rarely finds, and linters and type checkers mind.
TRICKY = contract(
    {
        "json": {"default": [["a"], {"b": None}]},
        "either": {"anyOf": [LIST, {"type": "array", "items": {}}], "default": [["a"]]},
        "password": {"type": "string", "default": "x"},
        "token": {"enum": ["token", "O", "I", "l", "::", TEMPORARY], "default": "token"},
        "secret": {"$ref": "#/$defs/Secret"},
        "address": {"type": "string", "default": ANYWHERE},
        "addresses": {**LIST, "default": [ANYWHERE, "x" * 40, "y" * 40, "z" * 40]},
        "url": {"type": "string", "default": "https://example.com/" + "x" * 90},
        "words": {"type": "string", "default": "two words " * 12},
        "negative": {"type": "number", "minimum": -(10.0**60), "default": -(10.0**61) / 3},
        "quoted": {"type": "string", "pattern": "\"'\\d'", "default": 'a "word" \\'},
    },
    required=[],
    **{"$defs": {"Secret": {"enum": ["password", "two words " * 12, TEMPORARY, ANYWHERE]}}},
)

unhurried = settings(deadline=None, suppress_health_check=list(HealthCheck))


@given(event=events)
@unhurried
def test_what_is_imported_demands_what_was_exported(event: type[BaseModel]) -> None:
    published = contract_of(event)

    source = imported(published)
    again = contract_of(loaded(source))

    assert essence(again) == essence(published)
    assert json.loads(source.snapshot) == again


def test_what_is_imported_is_clean_by_the_rules_of_a_service(tmp_path: Path) -> None:
    project = a_service(tmp_path)
    number = count()

    @given(event=events)
    @unhurried
    def write(event: type[BaseModel]) -> None:
        module = module_of(imported(contract_of(event)))
        (project / "events" / f"event_{next(number)}.py").write_text(module, "utf-8")

    write()
    (project / "events" / "tricky.py").write_text(module_of(imported(TRICKY)), "utf-8")

    assert program("ruff", "check", "--quiet", tmp_path) == ""
    assert program("ruff", "format", "--diff", "--quiet", tmp_path / "src/service/events") == ""
    assert program("mypy", "--no-error-summary", tmp_path / "src") == ""


def a_service(folder: Path) -> Path:
    """Return the package of a service as small as can be, with the rules of every service."""
    template = (ROOT / "template/service/pyproject.toml.jinja").read_text("utf-8")
    package = folder / "src/service"
    (package / "events").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "service"\nversion = "1"\nrequires-python = ">=3.11"\n\n'
        + template[template.index("[tool.mypy]") :]
    )
    for module in ("__init__.py", "events/__init__.py"):
        (package / module).write_text("")
    shutil.copy(ROOT / "tests/eventing.py", package / "chassis.py")
    return package


def program(name: str, *args: str | Path) -> str:
    """Return what a program beside this Python says."""
    done = subprocess.run(
        [Path(sys.executable).with_name(name), *args],
        cwd=args[-1],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout
