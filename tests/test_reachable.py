"""What git and Copier see while a template is read: the bundle and no prompts; then nothing new."""

import http.server
import os
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from plumbum import local

from conftest import ROOT, Eventsmith, assert_refused, git, program
from eventsmith import process
from eventsmith.template import bundle, source

QUICK = ("--no-lock", "--no-git")


@pytest.mark.usefixtures("shipped")
def test_the_users_own_rules_for_addresses_do_not_lead_past_the_bundle(
    eventsmith: Eventsmith, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text("""\
[url "ssh://git@example.com/"]
insteadOf = https://example.com/
""")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))

    result = eventsmith("new", "orders", *QUICK)

    assert (result.exit_code, result.stderr) == (0, "")


@pytest.mark.usefixtures("shipped")
def test_settings_that_the_caller_hands_to_git_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "Grace")

    with source.find(None).reachable():
        assert git(tmp_path, "config", "user.name") == "Grace"
        assert "refs/tags/v1.0.0" in git(tmp_path, "ls-remote", bundle.address())


@pytest.mark.usefixtures("shipped")
def test_git_does_not_go_beyond_the_bundle(tmp_path: Path) -> None:
    with source.find(None).reachable():
        done = process.run(["git", "ls-remote", "https://example.com/other.git"], tmp_path)

    assert "transport 'https' not allowed" in done.err


@pytest.mark.usefixtures("shipped")
def test_nothing_is_left_behind(
    eventsmith: Eventsmith, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch, cache = tmp_path / "scratch", tmp_path / "cache"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "1")
    before = dict(os.environ), local.env.getdict()

    assert eventsmith("new", "orders", *QUICK).exit_code == 0
    assert eventsmith("new", "class", *QUICK).exit_code == 0

    assert (dict(os.environ), local.env.getdict()) == before
    assert list(scratch.iterdir()) == []
    assert not cache.exists()


def test_a_package_inside_a_zip_carries_its_template(shipped: Path, tmp_path: Path) -> None:
    archive = tmp_path / "eventsmith.zip"
    package = ROOT / "generator" / "eventsmith"
    with zipfile.ZipFile(archive, "w") as file:
        for path in package.rglob("*.py"):
            file.write(path, path.relative_to(package.parent))
        file.write(shipped, "eventsmith/template.bundle")

    done = program("new", "orders", *QUICK, cwd=tmp_path, PYTHONPATH=str(archive))

    assert (done.returncode, done.stderr) == (0, "")
    assert "v1.0.0" in (tmp_path / "orders/.copier-answers.yml").read_text()


@pytest.fixture
def guarded() -> Iterator[str]:
    """Run a server that lets nobody in, and yield its address."""

    class Guard(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="templates"')
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Guard) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}/some/template.git"
        server.shutdown()
        thread.join()


def test_git_asks_nobody_for_a_password(guarded: str, tmp_path: Path) -> None:
    asks = tmp_path / "asks"
    asks.write_text(
        f"#!{sys.executable}\nfrom pathlib import Path\nPath('{tmp_path}/asked').touch()\n"
    )
    asks.chmod(0o755)
    template = ("--template", f"git+http://{guarded}")

    done = program("new", "orders", *QUICK, *template, cwd=tmp_path, GIT_ASKPASS=str(asks))

    assert "terminal prompts disabled" in done.stderr
    assert not (tmp_path / "asked").exists()


def test_a_password_in_an_address_is_not_shown(eventsmith: Eventsmith, guarded: str) -> None:
    result = eventsmith("new", "orders", *QUICK, "--template", f"git+http://ada:secret@{guarded}")

    assert_refused(result, f"http://{guarded}")
    assert "secret" not in result.output
