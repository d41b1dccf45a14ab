"""What all tests share: a quiet machine, the command under test, and a small template."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from eventsmith.cli.app import app
from eventsmith.template import bundle, checkout

if TYPE_CHECKING:
    from pytest_copie.plugin import Copie

    from growing import Grown, Template
    from running import Installed

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "scripts"))
import bundling  # noqa: E402 - where it is found is known only now

STAND_IN = {
    "copier.yml": """\
_subdirectory: "template/{{ kind }}"
kind: {type: str, choices: [service, event], default: service, ask: false}
project_name: {type: str, default: Orders}
project_slug: {type: str, default: orders}
with_example: {type: bool, default: true}
loud: {type: bool, default: "{{ with_example }}", when: false}
""",
    "template/service/name.txt.jinja": "{{ project_name }} {{ with_example }}\n",
    "template/service/{{ _copier_conf.answers_file }}.jinja": "{{ _copier_answers|to_nice_yaml }}",
}

# What `make test-fast` leaves out. A file of tests runs in one process; these begin first, in this
# order, so that all end together.
SLOW = [
    *("test_proved.py", "test_image.py", "test_benchmarks.py", "test_update_real.py"),
    *("test_security.py", "test_demo.py", "test_desk.py", "test_wheel.py", "test_kubernetes.py"),
    "test_contracts.py",
]

# It imports a service; `running.prove` runs it in one.
collect_ignore = ["chassis"]

Eventsmith = Callable[..., Result]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="accept what is rendered now")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {name: place for place, name in enumerate(SLOW)}
    items.sort(key=lambda item: order.get(item.path.name, len(SLOW)))
    for item in items:
        if item.path.name in SLOW:
            item.add_marker("slow")


@pytest.fixture(scope="session", autouse=True)
def quiet_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the developer's own settings, servers and repository out of the tests."""
    home = tmp_path_factory.mktemp("home")
    (home / "gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.com\n")
    (home / "copier.yml").write_text("{}\n")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("GIT_")]:
            patch.delenv(name)
        for name in ("DATABASE_URL", "REDIS_URL", "TEST_DATABASE_URL", "TEST_REDIS_URL"):
            patch.delenv(name, raising=False)
        # It triples the start of each Python that the tests start.
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        patch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("COPIER_SETTINGS_PATH", str(home / "copier.yml"))
        yield


@pytest.fixture
def eventsmith(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Eventsmith:
    """Run the command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *args: CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture(scope="session")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a service that nobody has touched."""
    folder = tmp_path_factory.mktemp("untouched") / "shop"
    result = CliRunner().invoke(app, ["new", str(folder), "--defaults", "--no-lock"])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Let services share what mypy knows of the packages that all of them install."""
    return str(tmp_path_factory.mktemp("mypy"))


@pytest.fixture(scope="session")
def installed() -> "dict[str, Installed]":
    """Remember what is installed already, so that no service is installed twice."""
    return {}


@pytest.fixture
def service(
    request: pytest.FixtureRequest, copie_session: "Copie", installed: "dict[str, Installed]"
) -> "Installed":
    """Return a service by the name it has in `rendering`, installed; tests leave it as it is."""
    from services import generated  # noqa: PLC0415 - which imports this module

    name = request.param
    if name not in installed:
        installed[name] = generated(copie_session, name)
    return installed[name]


@pytest.fixture
def shop(untouched: Path, tmp_path: Path) -> Path:
    """Return a service of the test's own, committed."""
    shutil.copytree(untouched, tmp_path / "shop")
    return tmp_path / "shop"


@pytest.fixture
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the checkout of a small template, whose only commit is the release v1.0.0."""
    folder = tmp_path_factory.mktemp("stand-in")
    for name, text in STAND_IN.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "init")
    git(folder, "add", "--all")
    git(folder, "commit", "--message", "A template")
    git(folder, "tag", "v1.0.0")
    return folder


@pytest.fixture
def template(tmp_path_factory: pytest.TempPathFactory) -> "Template":
    """Return a small template with events, whose only release is v1.0.0."""
    from growing import small_template  # noqa: PLC0415 - which imports this module

    return small_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def grown(eventsmith: Eventsmith, template: "Template", tmp_path: Path) -> "Grown":
    """Return a service of that template, with an event, all committed."""
    from growing import Grown  # noqa: PLC0415 - the same

    quick = ("--no-lock", "--template", template.folder)
    assert eventsmith("new", "shop", *quick).exit_code == 0
    assert eventsmith("add-event", "Shipped", "-C", "shop").exit_code == 0
    service = Grown(tmp_path / "shop", eventsmith)
    service.commit("Add an event")
    return service


def git(folder: Path, *args: str) -> str:
    """Run git in `folder` and return what it says."""
    return subprocess.run(
        ["git", *args], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def program(*args: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a program of its own."""
    return subprocess.run(
        [sys.executable, "-m", "eventsmith", *map(str, args)],
        cwd=cwd,
        env=os.environ | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def tree(folder: Path) -> list[str]:
    """List the files of `folder`, git's own left out."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in files if path.parts[0] != ".git")


@pytest.fixture
def fake_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a uv on the PATH that does what the given shell script says."""

    def put(script: str) -> None:
        folder = tmp_path / ".bin"
        folder.mkdir()
        (folder / "uv").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "uv").chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    return put


def assert_refused(result: Result, *parts: str, code: int = 1) -> None:
    """Check for one error line; notes about the template may precede it."""
    lines = [line for line in result.stderr.splitlines() if not line.startswith("note: ")]
    assert result.exit_code == code
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    for part in parts:
        assert part in lines[0]


@pytest.fixture
def shipped(stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run the command as if installed from a wheel: with the releases of `stand_in` in a bundle."""
    path = tmp_path / "it's a wheel" / "template.bundle"
    bundling.write(path, stand_in, "1.0.0")
    monkeypatch.setattr(bundle, "_BUNDLE", path)
    monkeypatch.setattr(checkout, "CHECKOUT", path.parent)
    return path
