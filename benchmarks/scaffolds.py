"""Other generators: what each needs to make a project of its own, without asking or installing."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

from benchmarks.installed import Environment, render
from benchmarks.peers import COOKIECUTTER, FASTAPI_TEMPLATE, PROTEAN, Peer

Prepare = Callable[[Environment, Path], Callable[[], None]]
numbers = count()


def _cookiecutter(environment: Environment, folder: Path) -> Callable[[], None]:
    """Render this very template's output, with its name as the variable."""
    template = folder / "cookiecutter"
    inner = template / "{{ cookiecutter.slug }}"
    render(inner)
    raw = [
        str(path.relative_to(inner))
        for path in inner.rglob("*")
        if path.is_file() and not _parameterise(path)
    ]
    about = {"slug": "orders", "_copy_without_render": raw}
    (template / "cookiecutter.json").write_text(json.dumps(about))
    command = [environment.program("cookiecutter"), "--no-input", "--output-dir", str(folder)]

    def make() -> None:
        _run([*command, str(template), f"slug=cut-{next(numbers)}"], folder)

    return make


def _parameterise(path: Path) -> bool:
    """Let a file say its service's name by the variable; False if it has braces of its own."""
    text = path.read_text("utf-8")
    if "{{" in text or "{%" in text or "{#" in text:
        return False
    path.write_text(text.replace("orders", "{{ cookiecutter.slug }}"), "utf-8")
    return True


def _protean(environment: Environment, folder: Path) -> Callable[[], None]:
    """Make its own sample, without the set-up that would install it."""
    command = [environment.program("protean"), "new", "--defaults", "--skip-setup"]

    def make() -> None:
        _run([*command, "--output-dir", str(folder), f"protean{next(numbers)}"], folder)

    return make


def _fastapi_template(environment: Environment, folder: Path) -> Callable[[], None]:
    """Make an API with Postgres and Redis, and answer all it would ask."""
    command = [environment.program("fastapi_template"), "--quiet", "--db", "postgresql"]
    chosen = [
        "--orm",
        "sqlalchemy",
        "--redis",
        "--migrations",
        "--api-type",
        "rest",
        "--ci",
        "github",
    ]

    def make() -> None:
        _run([*command, *chosen, "--name", f"fastapi{next(numbers)}"], folder)

    return make


PEERS: Mapping[Peer, Prepare] = {
    COOKIECUTTER: _cookiecutter,
    PROTEAN: _protean,
    FASTAPI_TEMPLATE: _fastapi_template,
}


def _run(command: list[str], folder: Path) -> None:
    home = os.environ | {"HOME": str(folder), "PYTHONWARNINGS": "ignore"}
    subprocess.run(
        command, cwd=folder, env=home, stdin=subprocess.DEVNULL, check=True, capture_output=True
    )
