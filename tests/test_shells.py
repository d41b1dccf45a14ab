"""What the READMEs tell to type means the same in every shell."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import ROOT, Eventsmith
from eventsmith.service import find

LINES = re.findall(
    r"^eventsmith add-event .+$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE
)


@pytest.fixture(params=["sh", "bash", "zsh -f"])
def shell(request: pytest.FixtureRequest) -> list[str]:
    """Return a shell that reads no settings of the user's; in CI each must be there."""
    command = str(request.param).split()
    if shutil.which(command[0]) is None:
        missing = f"no {command[0]} on the PATH"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return command


@pytest.fixture
def typed(tmp_path: Path) -> Callable[[list[str]], list[list[str]]]:
    """Type the README's lines into a shell, and return the arguments that the command gets."""
    heard, command = tmp_path / "heard", tmp_path / "bin" / "eventsmith"
    command.parent.mkdir()
    command.write_text(
        f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]),"
        f" file=open({str(heard)!r}, 'a'))\n"
    )
    command.chmod(0o755)

    def type_into(shell: list[str]) -> list[list[str]]:
        script = "\n".join(["set -e", *LINES])
        path = f"{command.parent}:{os.environ['PATH']}"
        env = os.environ | {"PATH": path}
        subprocess.run([*shell, "-c", script], cwd=tmp_path, env=env, check=True)
        said = heard.read_text("utf-8")
        heard.unlink()
        return [json.loads(line) for line in said.splitlines()]

    return type_into


def test_the_lines_of_the_readme_mean_the_same_in_every_shell(
    shell: list[str], typed: Callable[[list[str]], list[list[str]]]
) -> None:
    assert len(LINES) == 5
    assert typed(shell) == typed(["sh"])


def test_the_lines_of_the_readme_add_their_events(
    typed: Callable[[list[str]], list[list[str]]],
    shop: Path,
    eventsmith: Eventsmith,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = eventsmith("new", shop.parent / "billing", "-d", "aggregate=Invoice", "--no-lock")
    assert made.exit_code == 0, made.output
    monkeypatch.chdir(shop)

    for arguments in typed(["sh"]):
        added = eventsmith(*arguments)
        assert added.exit_code == 0, added.output

    assert [event.type for event in find(shop).events[1:]] == [
        "billing.InvoiceCreated.v1",
        "billing.PaymentReceived.v1",
        "shop.OrderShipped.v1",
        "shop.OrderShipped.v2",
    ]
