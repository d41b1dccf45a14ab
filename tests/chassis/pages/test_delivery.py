"""The page on delivery names only what exists: whoever reads it at night can rely on it."""

import re
from pathlib import Path

from typer.main import get_command

from chassis import PACKAGE
from orders.chassis.cli.main import app
from orders.chassis.settings import Settings

TESTS = Path(__file__).parents[1]
TEMPLATE = TESTS.parents[1]
ROOT = Path.cwd()
SOURCES = ROOT / "src" / PACKAGE / "chassis"
PAGE = (ROOT / "docs" / "delivery.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`([^`\n]+)`", PAGE)))


def named(pattern: str) -> list[str]:
    """What the page names that is of one kind."""
    found = [name for name in NAMED if re.fullmatch(pattern, name)]
    assert found, "the pattern no longer fits the page"
    return found


def code(folder: Path, files: str) -> str:
    """All the code there is in a folder."""
    return "\n".join(path.read_text("utf-8") for path in sorted(folder.rglob(files)))


def test_the_tests_it_names_exist() -> None:
    tests = code(TESTS, "test_*.py")

    assert [] == [name for name in named(r"test_\w+") if f"def {name}(" not in tests]


def test_the_modules_it_names_exist() -> None:
    folders = (SOURCES / "messaging", SOURCES, TEMPLATE)
    modules = named(r"[\w/]+\.(?:py|lua)")

    assert [] == [name for name in modules if not any((at / name).is_file() for at in folders)]


def test_the_settings_it_names_exist() -> None:
    settings = {name.upper() for name in Settings.model_fields}
    names = named(r"[A-Z]+(?:_[A-Z]+)+(?:=.*)?")

    assert [] == [name for name in names if name.partition("=")[0] not in settings]


def test_the_metrics_log_events_and_tables_it_names_exist() -> None:
    sources = code(SOURCES, "*.py")
    words = named(r"(?!test_|event\.event_id)[a-z]+(?:[._][a-z]+)+(?<!\.py)(?<!\.lua)")

    assert [] == [word for word in words if f'"{word}"' not in sources]


def test_the_commands_it_names_exist() -> None:
    assert [] == [line for line in named(r"<service> .+") if not is_command(line.split()[1:])]


def test_every_failure_has_its_mechanism_and_its_test() -> None:
    table = PAGE.partition("## Failure")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (?!\*\*)(.+) \|$", table, re.MULTILINE)[1:]
    fits = re.compile(r".+ \| .*`[\w/]+\.(?:py|lua)`.* \| `test_\w+`(?: `test_\w+`)*")

    assert rows
    assert [] == [row for row in rows if not fits.fullmatch(row)]


def is_command(words: list[str]) -> bool:
    """Whether the command line has this command, with these options."""
    command = get_command(app)
    for word in words:
        if word.startswith("--"):
            if not any(word in given.opts for given in command.params):
                return False
        else:
            command = getattr(command, "commands", {}).get(word, command)
    return not hasattr(command, "commands")
