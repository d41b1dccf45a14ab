"""The log: every line has the same form, and none tells what an error says."""

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from orders.chassis.logging import LEVELS, configure

Written = Callable[[Callable[[], object]], dict[str, Any]]


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
