"""What is given on the command line."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from chassis import PACKAGE
from orders.chassis.cli import main as cli
from orders.chassis.cli.dead_letters import app
from orders.chassis.cli.options import parse_moment
from orders.chassis.errors import Misconfigured

from ..processes import environment
from ..service import service


@pytest.mark.parametrize(
    ("given", "age"),
    [("90s", timedelta(seconds=90)), ("2h", timedelta(hours=2)), ("7d", timedelta(days=7))],
)
def test_an_age_is_a_moment_that_long_ago(given: str, age: timedelta) -> None:
    assert abs(datetime.now(UTC) - age - parse_moment(given)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    "given", ["2026-01-31", "2026-01-31T00:00", "2026-01-31T00:00Z", "2026-01-31T01:00+01:00"]
)
def test_a_time_without_a_zone_is_in_utc(given: str) -> None:
    assert datetime(2026, 1, 31, tzinfo=UTC) == parse_moment(given)


@pytest.mark.parametrize("given", ["", "x", "7", "-7d", "7w", "999999999d", "2026-02-30"])
def test_a_bad_moment_is_refused(given: str) -> None:
    with pytest.raises(typer.BadParameter, match="neither an age"):
        parse_moment(given)


@pytest.mark.parametrize(
    "arguments",
    [
        "replay",
        "replay 1 --all",
        "replay --group f1 --all",
        "replay --all --rate 0",
        "discard 1 --handler notify",
        "list --since yesterday",
        "list --limit 1000000",
        "show 0",
    ],
)
def test_bad_arguments_are_a_usage_error(arguments: str) -> None:
    assert CliRunner().invoke(app, arguments.split(), obj=service).exit_code == 2


def test_a_command_that_does_not_exist_is_refused_before_any_server_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(Misconfigured, match="no command 'alembik'"):
        CliRunner().invoke(
            cli.app, ["dev", "--", "alembik", "check"], obj=service, catch_exceptions=False
        )

    assert list(tmp_path.iterdir()) == []


def test_help_comes_without_loading_what_only_a_running_command_needs() -> None:
    program = "import sys, chassis, orders.chassis.cli.main; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert f"{PACKAGE}.chassis.cli.dead_letters" in loaded
    assert not {"sqlalchemy", "alembic", "redis", "fastapi", "uvicorn"} & set(loaded)


def test_the_filters_are_options_of_every_command_that_chooses_dead_letters() -> None:
    for command in ("list", "export", "replay", "discard"):
        printed = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output

        for option in ("--group", "--type", "--handler", "--reason", "--since", "--until"):
            assert option in printed
