"""The wheel and the sdist: built and installed for real, and used without a network."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, git
from running import run, uv

ADDRESS = "https://example.com/eventsmith/eventsmith.git"
BUILD = (uv(), "build", "--offline", "--no-build-isolation", "--python", sys.executable)
# Where a network would be, there is nobody.
OFFLINE = {f"{kind}_proxy": "http://127.0.0.1:9" for kind in ("http", "https", "all")}


@dataclass(frozen=True, slots=True)
class Project:
    """A copy of this repository with a history of its own, and what was built from it."""

    folder: Path

    def release(self, version: str) -> None:
        """Commit the files as a version with a template of its own, and tag it."""
        pyproject = self.folder / "pyproject.toml"
        text = re.sub(
            r'(?m)^version = ".+"', f'version = "{version}"', pyproject.read_text("utf-8")
        )
        pyproject.write_text(text, "utf-8")
        for folder in ("template/service", "tests/chassis"):
            (self.folder / folder / "VERSION").write_text(f"{version}\n")
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", f"Release {version}")
        git(self.folder, "tag", f"v{version}")

    def build(self, *options: str) -> Path:
        """Build it as any front end would, and return the folder of the results."""
        out = Path("-".join([str(self.folder), "dist", *options]))
        run(self.folder, *BUILD, "--out-dir", str(out), *options, **OFFLINE)
        return out


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment that has the command, what the command needs, and nothing else."""

    folder: Path

    def install(self, *what: str) -> None:
        """Install the command; its dependencies are those of the tests."""
        run(self.folder, uv(), "venv", "--quiet", "--python", sys.executable, ".")
        ask = ("-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        place = Path(run(self.folder, str(self.python), *ask).strip(), "dependencies.pth")
        # Python reads these after its own packages, and follows no .pth files in there.
        place.write_text(run(self.folder, sys.executable, *ask))
        options = ["--offline", "--no-index", "--no-deps", "--no-build-isolation", "--python", "."]
        run(self.folder, uv(), "pip", "install", "--quiet", *options, *what)

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.folder / "bin" / "python"

    def eventsmith(self, folder: Path, *args: str) -> str:
        """Run the command in a folder, off the network."""
        command = [*_off_the_network(), str(self.folder / "bin" / "eventsmith"), *args]
        return run(folder, *command, **OFFLINE)


def _off_the_network() -> list[str]:
    """Return what takes the network away from a program, where this machine allows that."""
    unshare = shutil.which("unshare")
    without = [unshare, "--map-root-user", "--net"] if unshare else []
    allowed = without and subprocess.run([*without, "true"], capture_output=True, check=False)
    return without if allowed and allowed.returncode == 0 else []


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return this repository as it stands, as its first release."""
    folder = tmp_path_factory.mktemp("wheel") / "project"
    names = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    made = Project(folder)
    made.release("0.1.0")
    return made


@pytest.fixture(scope="module")
def first(project: Project) -> Path:
    """Return the wheel and the sdist of the first release."""
    return project.build()


@pytest.fixture(scope="module")
def second(project: Project) -> Path:
    """Return the wheel and the sdist of the second release."""
    folder = project.folder.with_name("second")
    git(project.folder.parent, "clone", "--quiet", str(project.folder), str(folder))
    later = Project(folder)
    later.release("0.2.0")
    return later.build()


@pytest.fixture(scope="module")
def installed(first: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return an environment with the wheel of the first release."""
    environment = Environment(tmp_path_factory.mktemp("a clean place"))
    environment.install(str(only(first, "*.whl")))
    return environment


@pytest.fixture(scope="module")
def made(installed: Environment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a service made by the first release."""
    folder = tmp_path_factory.mktemp("services")
    printed = installed.eventsmith(folder, "new", "orders", "--no-lock")
    assert printed.startswith("Made orders in orders: ")  # and there is no note before it
    return folder / "orders"


def only(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def answers(service: Path, file: str = ".copier-answers.yml") -> dict[str, object]:
    read = yaml.safe_load((service / file).read_text("utf-8"))
    assert isinstance(read, dict)
    return read


def unpacked(project: Project, folder: Path) -> Path:
    """Return the project's files as an archive would bring them."""
    ignored = shutil.ignore_patterns(".git", "build")
    return Path(shutil.copytree(project.folder, folder / "unpacked", ignore=ignored))


def test_the_wheel_holds_the_package_and_its_template_and_no_more(
    project: Project, first: Path
) -> None:
    with zipfile.ZipFile(only(first, "*.whl")) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}

    package = git(project.folder / "generator", "ls-files", "eventsmith").splitlines()
    assert names == {*package, "eventsmith/template.bundle"}


def test_the_sdist_holds_what_the_wheel_is_built_from_and_no_more(first: Path) -> None:
    with tarfile.open(only(first, "*.tar.gz")) as sdist:
        names = [name.partition("/")[2] for name in sdist.getnames()]

    assert {name.partition("/")[0] for name in names} == {
        ".gitignore",
        "CHANGELOG.md",
        "LICENSE",
        "PKG-INFO",
        "README.md",
        "copier.yml",
        "generator",
        "pyproject.toml",
        "scripts",
        "template",
        "template.bundle",
        "tests",
    }
    assert [name for name in names if name.startswith("scripts/")] == ["scripts/bundling.py"]
    assert {name.split("/")[1] for name in names if name.startswith("tests/")} == {"chassis"}


def test_the_sdist_builds_the_wheel_that_the_checkout_builds(project: Project, first: Path) -> None:
    direct = project.build("--wheel")

    assert only(first, "*.whl").read_bytes() == only(direct, "*.whl").read_bytes()


def test_a_folder_without_history_and_bundle_builds_nothing(
    project: Project, tmp_path: Path
) -> None:
    done = subprocess.run(
        [*BUILD, "--wheel", "--out-dir", str(tmp_path / "dist")],
        cwd=unpacked(project, tmp_path),
        env=os.environ | OFFLINE,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "no git history and no template.bundle in" in done.stderr
    assert list((tmp_path / "dist").glob("*.whl")) == []


def test_an_editable_installation_needs_no_bundle(project: Project, tmp_path: Path) -> None:
    folder = unpacked(project, tmp_path)
    environment = Environment(tmp_path / "environment")
    environment.folder.mkdir()

    environment.install("--editable", str(folder))
    environment.eventsmith(tmp_path, "new", "orders", "--no-lock", "--no-git")

    assert answers(tmp_path / "orders")["_src_path"] == str(folder)
    assert not (folder / "build").exists()


def test_an_installed_wheel_needs_no_network(made: Path) -> None:
    recorded = answers(made)

    assert (recorded["_src_path"], recorded["_commit"]) == (ADDRESS, "v0.1.0")
    assert (made / "VERSION").read_text() == "0.1.0\n"


def test_a_newer_wheel_still_has_the_template_of_older_services(
    made: Path, second: Path, tmp_path: Path
) -> None:
    environment = Environment(tmp_path)
    environment.install(str(only(second, "*.whl")))
    older = Path(shutil.copytree(made, tmp_path / "orders"))

    environment.eventsmith(tmp_path, "new", "billing", "--no-lock")
    environment.eventsmith(older, "add-event", "OrderShipped", "carrier:str")

    assert (tmp_path / "billing/VERSION").read_text() == "0.2.0\n"
    (event,) = (older / ".copier-answers.d").iterdir()
    assert answers(older, f"{event}")["_commit"] == "v0.1.0"


def test_a_newer_wheel_proves_an_older_service_by_the_suite_of_its_version(
    made: Path, second: Path, tmp_path: Path, fake_uv: Callable[[str], None]
) -> None:
    environment = Environment(tmp_path / "environment")
    environment.folder.mkdir()
    environment.install(str(only(second, "*.whl")))
    older = Path(shutil.copytree(made, tmp_path / "orders"))
    (older / "uv.lock").write_text("")
    fake_uv('cat "$PYTHONPATH/chassis/VERSION" "$PYTHONPATH/chassis/pytest.ini"')

    printed = environment.eventsmith(tmp_path, "prove", "orders")

    assert printed.startswith("0.1.0\n[pytest]\n")
    assert printed.endswith("orders holds, by the suite of v0.1.0\n")


def test_a_newer_wheel_updates_older_services_and_their_events(
    made: Path, second: Path, tmp_path: Path
) -> None:
    environment = Environment(tmp_path)
    environment.install(str(only(second, "*.whl")))
    older = Path(shutil.copytree(made, tmp_path / "orders"))
    environment.eventsmith(older, "add-event", "OrderShipped", "carrier:str")
    git(older, "init", "--quiet")
    git(older, "add", "--all")
    git(older, "commit", "--quiet", "--message", "An event")

    environment.eventsmith(older, "update")

    assert (older / "VERSION").read_text() == "0.2.0\n"
    (event,) = (older / ".copier-answers.d").iterdir()
    for recorded in (answers(older), answers(older, f"{event}")):
        assert (recorded["_src_path"], recorded["_commit"]) == (ADDRESS, "v0.2.0")
    environment.eventsmith(older, "check", "--latest")


def test_plain_copier_updates_such_a_service_from_a_repository_with_the_same_tags(
    made: Path, second: Path, tmp_path: Path
) -> None:
    service = Path(shutil.copytree(made, tmp_path / "orders"))
    home = Path(str(second).removesuffix("-dist"))
    elsewhere = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{tmp_path}/home.git.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
        "COPIER_CACHE_DIR": str(tmp_path / "cache"),
    }
    git(tmp_path, "clone", "--quiet", "--bare", str(home), "home.git")

    copier = Path(sys.executable).with_name("copier")
    run(service, str(copier), "update", "--defaults", **elsewhere)

    recorded = answers(service)
    assert (recorded["_src_path"], recorded["_commit"]) == (ADDRESS, "v0.2.0")
    assert (service / "VERSION").read_text() == "0.2.0\n"
