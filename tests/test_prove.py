"""`eventsmith prove`: which suite it runs against a service, in what, and what it leaves alone."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import bundling
import pytest
from typer.testing import CliRunner

from conftest import Eventsmith, assert_refused, git, program
from eventsmith.cli.app import app
from eventsmith.template import bundle, checkout
from growing import Grown, Template, everything
from running import uv

FakeUv = Callable[[str], None]
SHOW = 'printf "%s " "$@"; echo; pwd; ls -a; cat "$PYTHONPATH/chassis/pytest.ini"'


@pytest.fixture
def ready(template: Template, grown: Grown) -> Grown:
    """Return a service that can be proved, of a template whose every release has a suite."""
    template.write("src/{{ package }}/chassis/__init__.py", "")
    write_suite(template, "suite 1")
    template.release("v1.1.0")
    assert grown.update().exit_code == 0
    grown.write("uv.lock", "locked\n")
    grown.write(".env", "SECRET=1\n")
    grown.write(".gitignore", ".env\n")
    grown.commit("Update and lock")
    return grown


def write_suite(template: Template, text: str) -> None:
    folder = template.folder / "tests/chassis"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pytest.ini").write_text(f"{text}\n")


@pytest.fixture
def wheel(
    ready: Grown, template: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Grown:
    """Run the command as if installed, with a newer release of the template in its bundle."""
    write_suite(template, "suite 2")
    template.release("v1.2.0")
    path = tmp_path / "wheel/template.bundle"
    bundling.write(path, template.folder, "1.2.0")
    monkeypatch.setattr(bundle, "_BUNDLE", path)
    monkeypatch.setattr(checkout, "CHECKOUT", path.parent)
    answers = ready.read(".copier-answers.yml")
    lines = [line for line in answers.splitlines() if not line.startswith("_src_path")]
    ready.write(".copier-answers.yml", "\n".join([*lines, f"_src_path: {bundle.address()}", ""]))
    return ready


def shown(capfd: pytest.CaptureFixture[str], ready: Grown, *args: str) -> str:
    """Return what a program in the place of uv was called with, and saw."""
    result = ready.run("prove", ready.folder, *args)
    assert result.exit_code == 0, result.output
    return capfd.readouterr().out


def test_a_wheel_proves_a_service_by_the_suite_of_the_services_own_version(
    wheel: Grown, fake_uv: FakeUv, capfd: pytest.CaptureFixture[str]
) -> None:
    fake_uv(SHOW)

    assert "\nsuite 1\n" in shown(capfd, wheel)


def test_a_checkout_proves_by_its_own_suite(
    ready: Grown,
    template: Template,
    fake_uv: FakeUv,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    write_suite(template, "suite in the making")
    monkeypatch.setattr(checkout, "CHECKOUT", template.folder)
    fake_uv(SHOW)

    assert "\nsuite in the making\n" in shown(capfd, ready)


def test_it_runs_in_the_locked_environment_on_a_copy_of_what_git_keeps(
    wheel: Grown, fake_uv: FakeUv, capfd: pytest.CaptureFixture[str]
) -> None:
    fake_uv(SHOW)
    wheel.write("src/shop/chassis/mine.py", "an edit that is not committed\n")

    command, place, *files = shown(capfd, wheel).splitlines()

    assert command.startswith("run --frozen --quiet --with-requirements ")
    assert "/tests/chassis/requirements.txt python -m pytest -q -c " in command
    assert not Path(place).exists()  # it was a copy
    assert {"uv.lock", "src"} <= {*files}
    assert ".env" not in files


def test_k_selects_tests_and_chaos_runs_none(
    wheel: Grown, fake_uv: FakeUv, capfd: pytest.CaptureFixture[str]
) -> None:
    fake_uv(SHOW)

    assert " -k retry or claim --ignore " in shown(capfd, wheel, "-k", "retry or claim")
    chaos = shown(capfd, wheel, "--chaos", "60", "--seed", "3")
    assert " python -m chassis.chaos --duration 60 --seed 3 \n" in chaos


def test_it_ends_with_1_when_the_suite_fails(wheel: Grown, fake_uv: FakeUv) -> None:
    fake_uv("exit 5")

    result = wheel.run("prove", wheel.folder)

    assert (result.exit_code, result.output) == (1, "")


def test_it_says_who_holds_and_by_what(wheel: Grown, fake_uv: FakeUv) -> None:
    fake_uv("exit 0")

    result = wheel.run("prove", wheel.folder)

    assert result.stdout == "shop holds, by the suite of v1.1.0\n"


def test_what_cannot_be_proved_is_told_in_one_line(
    wheel: Grown, fake_uv: FakeUv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_uv("exit 0")

    def refused(*parts: str, where: Path = wheel.folder) -> None:
        assert_refused(wheel.run("prove", where), *parts)

    refused("is no service and lies in none", where=tmp_path)
    (wheel.folder / "uv.lock").unlink()
    refused("shop has no uv.lock; run: uv lock")
    git(wheel.folder, "rm", "-rq", "src/shop/chassis")
    refused("shop has no src/shop/chassis; run: eventsmith update")
    git(wheel.folder, "reset", "--quiet", "--hard")
    monkeypatch.setattr("shutil.which", lambda name: "git" if name == "git" else None)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    refused("uv was not found; install uv, then run this again")


def test_a_version_without_a_suite_is_told_in_one_line(wheel: Grown, fake_uv: FakeUv) -> None:
    fake_uv("exit 0")
    wheel.write(
        ".copier-answers.yml",
        wheel.read(".copier-answers.yml").replace("_commit: v1.1.0", "_commit: v1.0.0"),
    )

    result = wheel.run("prove", wheel.folder)

    assert_refused(result, "shop is at v1.0.0, which has no suite of the chassis yet")


def test_options_that_do_not_fit_are_refused(eventsmith: Eventsmith) -> None:
    assert_refused(eventsmith("prove", "--seed", "3"), "--seed: goes with --chaos", code=2)
    both = ("--chaos", "60", "-k", "retry")
    assert_refused(eventsmith("prove", *both), "-k: selects tests, and --chaos runs none", code=2)


def test_a_real_service_is_proved_and_nothing_of_it_is_touched(tmp_path: Path) -> None:
    """Another slug and aggregate than the suite says; a plain `uv sync` as a user's would be."""
    folder = tmp_path / "my-shop"
    made = CliRunner().invoke(app, ["new", str(folder), "--defaults", "-d", "aggregate=Invoice"])
    assert made.exit_code == 0, made.output
    assert (folder / "uv.lock").is_file(), made.output
    before = everything(folder)

    def prove(*args: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(Path(uv()).parent), os.environ["PATH"]])
        return program("prove", str(folder), *args, cwd=tmp_path, PATH=path)

    proved = prove("-k", "test_retry or test_envelope or test_uow")

    assert proved.returncode == 0, proved.stdout + proved.stderr
    assert " passed in " in proved.stdout
    assert proved.stdout.endswith("my-shop holds, by the suite of this checkout\n")

    policy = folder / "src/my_shop/chassis/messaging/envelope.py"
    policy.write_text(policy.read_text().replace("def parse(", "def parse_no_more("))
    broken = prove("-k", "test_envelope")

    assert broken.returncode == 1
    git(folder, "checkout", "--quiet", "--", "src")
    assert {path: text for path, text in everything(folder).items() if path != ".git/index"} == {
        path: text for path, text in before.items() if path != ".git/index"
    }
    assert git(folder, "status", "--porcelain", "--ignored") == ""
