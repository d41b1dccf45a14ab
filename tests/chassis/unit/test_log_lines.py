"""The log: every line is as docs/logs.md says, and none tells what an error says."""

import ast
import json
import logging
import re
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from chassis import PACKAGE
from orders.chassis.logging import LEVELS, configure

ROOT = Path.cwd()
TEMPLATE = {"messaging", "operating", "ops", "roles"}
"""Folders that are the template's alone."""
SOURCES = sorted((ROOT / "src" / PACKAGE).rglob("*.py"))
Told = dict[str, tuple[set[str], set[str]]]
"""Levels and fields of events, by their names."""
Written = Callable[[Callable[[], object]], dict[str, Any]]
ROW = re.compile(r"^\| `(\w+(?:\.\w+)+)` \| ([a-z ]+) \| ([\w` ]*) ?\| .+ \|$", re.MULTILINE)


def described() -> Told:
    """The events in the table of the page."""
    page = (ROOT / "docs" / "logs.md").read_text("utf-8")
    return {
        name: (set(levels.split()), set(re.findall(r"\w+", fields)))
        for name, levels, fields in ROW.findall(page)
    }


def logged() -> Told:
    """The events that the template's modules log: those in its folders, and those that log one of
    the page's events. What your own modules log is yours to describe."""
    page = described()
    found: Told = defaultdict(lambda: (set(), set()))
    for path in SOURCES:
        calls = list(calls_in(path))
        templates = TEMPLATE & set(path.relative_to(ROOT).parts)
        if templates or any(name in page for name, _, _ in calls):
            for name, level, fields in calls:
                found[name][0].add(level)
                found[name][1].update(fields)
    return found


def calls_in(path: Path) -> Iterator[tuple[str, str, set[str]]]:
    """Each line that a module may log: its event, level and fields."""
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        match call:
            case ast.Call(ast.Attribute(ast.Name("log"), method), [ast.Constant(name)], fields):
                level = "error" if method == "exception" else method
                yield str(name), level, {str(field.arg) for field in fields}


def test_the_page_has_every_event_with_its_levels_and_fields() -> None:
    assert len(logged()) > 30
    assert described() == logged()


@pytest.fixture
def unchanged() -> Iterator[None]:
    """Leave logging as it was."""
    names = ["", *LEVELS]
    before = {name: logging.getLogger(name).level for name in names}
    handlers = logging.getLogger().handlers
    was = structlog.get_config()
    yield
    logging.captureWarnings(capture=False)
    structlog.configure(**was)
    logging.getLogger().handlers = handlers
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def written(unchanged: None, capsys: pytest.CaptureFixture[str]) -> Written:
    """Has something logged as in a role, and reads the only line of it."""

    def written(log: Callable[[], object]) -> dict[str, Any]:
        configure("shop", "api", "INFO", "json")
        log()
        (line,) = capsys.readouterr().out.splitlines()
        return dict(json.loads(line))

    return written


def test_a_line_has_the_fields_of_every_line(written: Written) -> None:
    line = written(lambda: structlog.get_logger("pipe").info("relay.ready"))

    about = {"event": "relay.ready", "level": "info", "service": "shop", "role": "api"}
    assert about | {"logger": "pipe", "timestamp": line["timestamp"]} == line


@pytest.mark.parametrize("library", ["uvicorn.error", "sqlalchemy.pool", "alembic.runtime", "own"])
def test_libraries_log_in_the_same_form(written: Written, library: str) -> None:
    line = written(lambda: logging.getLogger(library).warning("%s of it", "something"))

    about = {"event": "something of it", "logger": library, "service": "shop"}
    assert about.items() <= line.items()


def test_a_traceback_tells_kinds_and_lines_but_not_what_errors_say(written: Written) -> None:
    said = "hunter2"

    def fail() -> None:
        try:
            int(said)
        except ValueError as error:
            raise ExceptionGroup(said, [KeyError(said)]) from error

    def log() -> None:
        try:
            fail()
        except ExceptionGroup:
            logging.getLogger("own").exception("failed")

    told = written(log)["exception"]

    assert said not in told
    for expected in ("ExceptionGroup", "KeyError", "ValueError", Path(__file__).name):
        assert expected in told


@pytest.mark.filterwarnings("default")
def test_a_warning_of_python_is_a_line_too(written: Written) -> None:
    line = written(lambda: warnings.warn("careful", stacklevel=1))

    assert line["logger"] == "py.warnings"
