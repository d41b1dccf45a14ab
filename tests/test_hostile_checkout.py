"""What a checkout of somebody else's can do to whoever runs eventsmith in it: nothing."""

import sys
from pathlib import Path

import pytest
from typer.testing import Result

from conftest import assert_refused, git
from eventsmith.cli import reporting
from growing import Grown, Template

RELAY = "src/shop/pipe/relay.py"
ANSWERS = ".copier-answers.yml"
EVENT = ".copier-answers.d/shop.Shipped.v1.yml"


@pytest.fixture
def trap(tmp_path: Path) -> str:
    """Return a command that leaves a trace where it is run."""
    return f"touch '{tmp_path}/sprung'; cat"


@pytest.fixture(autouse=True)
def nothing_was_run(tmp_path: Path) -> object:
    yield
    assert not (tmp_path / "sprung").exists()


def check(service: Grown, *args: str) -> Result:
    return service.run("check", "-C", service.folder, *args)


def answer(service: Grown, key: str, value: str, file: str = ANSWERS) -> None:
    """Put another answer where Copier recorded one."""
    lines = service.read(file).splitlines()
    kept = [line for line in lines if not line.startswith(f"{key}:")]
    service.write(file, "\n".join([*kept, f"{key}: {value}", ""]))


def test_a_template_that_lies_in_it_runs_no_filter(
    grown: Grown, template: Template, trap: str
) -> None:
    """A bare repository can be committed like any folder, with a configuration of its own."""
    template.write("template/service/.gitattributes", "* filter=trap\n")
    git(template.folder, "add", "--all")
    git(template.folder, "commit", "--message", "Filtered")
    git(template.folder, "tag", "v6.6.6")
    bare = grown.folder / "bare.git"
    git(template.folder, "clone", "--quiet", "--bare", ".", str(bare))
    for key in ("filter.trap.smudge", "core.fsmonitor"):
        git(bare, "config", key, trap)
    answer(grown, "_src_path", str(bare))
    answer(grown, "_commit", "v6.6.6")

    assert "shop" in check(grown).output


def test_its_repository_runs_no_program_while_it_is_read(grown: Grown, trap: str) -> None:
    git(grown.folder, "config", "core.fsmonitor", trap)

    assert check(grown).exit_code == 0


def test_an_address_is_no_command(grown: Grown, trap: str) -> None:
    for place in (
        f'"ext::sh -c {trap}"',
        '"--upload-pack=touch sprung"',
        "ssh://-oProxyCommand=x/y",
    ):
        answer(grown, "_src_path", place)

        assert check(grown).exit_code in (0, 1, 4)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("project_slug", "../../evil"),
        ("project_slug", "[a, b]"),
        ("package", "../.."),
        ("event_type", '"\\e[2J"'),
        ("event_module", "../../../evil"),
        ("event_stream", '"a\\nb"'),
    ],
)
def test_names_that_nobody_could_have_chosen_are_refused(
    grown: Grown, key: str, value: str
) -> None:
    answer(grown, key, value, EVENT if key.startswith("event") else ANSWERS)

    assert_refused(grown.run("events", "-C", grown.folder), key, "which is no name")


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['touch sprung']\n",
        "kind: service\nwhen: 2024-02-30\n",
        "[" * 5_000,
        "\x00",
    ],
)
def test_answers_that_are_no_plain_yaml_are_refused(grown: Grown, text: str) -> None:
    grown.write(ANSWERS, text)

    assert_refused(grown.run("events", "-C", grown.folder), "is not what Copier wrote")


def test_only_the_services_own_program_is_run(
    grown: Grown, trap: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A service may bear the name of another program in an environment: python, say."""
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "other"))
    program = tmp_path / "other/bin/shop"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{trap}\n")
    program.chmod(0o755)

    assert "not run" in check(grown).stderr


def test_an_environment_that_is_committed_is_not_run(grown: Grown, trap: str) -> None:
    program = grown.folder / ".venv/bin/shop"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n: from shop.cli import main\n{trap}\n")
    program.chmod(0o755)
    git(grown.folder, "add", "--force", ".venv")

    assert "is committed, and not run" in check(grown).output


@pytest.mark.parametrize("link", ["docs", RELAY])
def test_a_link_leads_no_command_out_of_the_service(
    grown: Grown, tmp_path: Path, link: str
) -> None:
    """To read there would show it in a CI's log; to write would be worse."""
    outside = tmp_path / "outside"
    (grown.folder / link).rename(outside)
    (grown.folder / link).symlink_to(outside)

    assert_refused(check(grown, "--diff"), "leads out of")


def test_a_link_that_leads_to_itself_is_named(grown: Grown) -> None:
    (grown.folder / RELAY).unlink()
    (grown.folder / RELAY).symlink_to("relay.py")

    assert_refused(check(grown), "leads out of", "or nowhere")


def test_a_link_leads_no_new_event_out_of_the_service(grown: Grown, tmp_path: Path) -> None:
    events = next(path for path in grown.folder.rglob("events") if path.is_dir())
    events.rename(tmp_path / "outside")
    events.symlink_to(tmp_path / "outside")

    assert_refused(grown.run("add-event", "Paid", "-C", grown.folder), "leads out of")
    assert not list((tmp_path / "outside").glob("*paid*"))


def test_what_is_shown_commands_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    reporting.show("a\x1b]0;owned\x07\u202e\tb\n", end="")
    reporting.note("\x9b2J")

    shown = capsys.readouterr()
    assert shown.out == "a\\x1b]0;owned\\x07\\u202e\tb\n"
    assert shown.err == "note: \\x9b2J\n"
