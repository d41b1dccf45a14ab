"""What the READMEs tell to type means the same in every shell."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, Eventsmith
from eventsmith.service import find

LINE = re.compile(r"^eventsmith add-event .+$", re.MULTILINE)


@pytest.fixture(params=["sh", "bash", "zsh -f"])
def shell(request: pytest.FixtureRequest) -> list[str]:
    """Return a shell that reads no settings of the user's; in CI each must be there."""
    command = str(request.param).split()
    if shutil.which(command[0]) is None:
        missing = f"no {command[0]} on the PATH"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return command


def test_the_lines_of_the_readme_add_their_events(
    shell: list[str], shop: Path, eventsmith: Eventsmith
) -> None:
    made = eventsmith("new", shop.parent / "billing", "-d", "aggregate=Invoice", "--no-lock")
    assert made.exit_code == 0, made.output
    lines = LINE.findall((ROOT / "README.md").read_text("utf-8"))
    assert len(lines) == 5

    script = "\n".join(["set -e", *lines])
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [*shell, "-c", script], cwd=shop, env=os.environ | {"PATH": path}, check=False
    )

    assert done.returncode == 0
    assert [event.type for event in find(shop).events[1:]] == [
        "billing.InvoiceCreated.v1",
        "billing.PaymentReceived.v1",
        "shop.OrderShipped.v1",
        "shop.OrderShipped.v2",
    ]
