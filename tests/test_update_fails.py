"""`eventsmith update` that is stopped or fails half-way: everything is as it was."""

import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from conftest import git
from growing import Grown, Template, everything

PIPE = "src/{{ package }}/pipe"
# Run by git while it writes relay.py, when other files are written already. It goes on until git
# is ended, as a slow disk would.
STOP = """#!/bin/sh
cat > /dev/null
kill -{signal} $(cat {pid})
while kill -0 $PPID 2> /dev/null; do :; done
"""


@pytest.fixture
def halfway(template: Template, grown: Grown) -> Grown:
    """Return a service whose next update changes, adds, removes and renames files."""
    grown.write(".gitattributes", "relay.py filter=halfway\n")
    git(grown.folder, "config", "filter.halfway.required", "true")
    git(grown.folder, "config", "filter.halfway.clean", "cat")
    git(grown.folder, "config", "filter.halfway.smudge", "cat")
    grown.commit("Filter a file")
    template.replace(f"{PIPE}/relay.py", "relay line 11", "relay line 11, newer")
    template.move(f"{PIPE}/outbox.py", f"{PIPE}/box/outbox.py")
    template.write("added.txt", "added\n")
    template.write(f"{PIPE}/relaying/added.txt", "added\n")
    shutil.rmtree(template.path("{% if with_docs %}docs{% endif %}"))
    template.write("docs", "a file where a folder was\n")
    template.release("v1.1.0")
    return grown


def test_nothing_is_left_of_an_update_that_cannot_be_written(halfway: Grown) -> None:
    git(halfway.folder, "config", "filter.halfway.smudge", "false")
    before = everything(halfway.folder)

    result = halfway.update()

    assert result.exit_code == 1
    assert result.stderr.startswith("error: nothing is changed: git read-tree failed in ")
    assert "filter 'false' failed" in result.stderr
    assert everything(halfway.folder) == before
    assert git(halfway.folder, "status", "--porcelain") == ""


@pytest.mark.parametrize("name", ["INT", "TERM"])
def test_nothing_is_left_of_an_update_that_is_stopped(
    halfway: Grown, tmp_path: Path, name: str
) -> None:
    stop, pid = tmp_path / "stop", tmp_path / "pid"
    stop.write_text(STOP.format(signal=name, pid=pid))
    stop.chmod(0o755)
    git(halfway.folder, "config", "filter.halfway.smudge", str(stop))
    before = everything(halfway.folder)

    command = [sys.executable, "-m", "eventsmith", "update", "-C", str(halfway.folder)]
    # Whoever runs the tests may have told this process not to hear Ctrl-C.
    hear = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear,  # noqa: PLW1509 - there are no threads here
    ) as update:
        pid.write_text(str(update.pid))
        _, told = update.communicate(timeout=60)

    assert update.returncode == {"INT": 130, "TERM": 143}[name]
    assert "Traceback" not in told
    assert everything(halfway.folder) == before
    assert git(halfway.folder, "status", "--porcelain") == ""


def test_it_goes_through_when_nothing_stops_it(halfway: Grown) -> None:
    result = halfway.update()

    assert result.exit_code == 0, result.output
    assert halfway.read("docs") == "a file where a folder was\n"
    assert halfway.unstaged() == []
