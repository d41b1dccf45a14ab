"""The Dockerfile and compose.yaml, by the rules of those who know them best."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pytest_copie.plugin import Copie

from conftest import ROOT
from rendering import AWKWARD, MAIN, Answers, render

SERVICES: dict[str, Answers] = MAIN | {"user-profile": AWKWARD["user-profile"]}


def program(name: str) -> str:
    """Return a program that the test dependencies bring."""
    return str(Path(sys.executable).with_name(name))


@pytest.fixture(scope="module", params=SERVICES)
def service(request: pytest.FixtureRequest, copie_session: Copie) -> Path:
    return render(copie_session, request.param, SERVICES[request.param]).folder


def check(service: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=service, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_is_as_hadolint_has_it(service: Path) -> None:
    check(service, program("hadolint"), "Dockerfile")


def test_compose_keeps_to_its_specification(service: Path) -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")
    check(service, program("check-jsonschema"), *schema, "compose.yaml")


def test_what_compose_mounts_is_there(service: Path) -> None:
    document = yaml.safe_load((service / "compose.yaml").read_text("utf-8"))
    volumes = [volume for one in document["services"].values() for volume in one.get("volumes", [])]
    folders = [volume.partition(":")[0] for volume in volumes if volume.startswith("./")]

    assert folders
    assert [folder for folder in folders if not (service / folder).is_dir()] == []


def test_the_image_is_built_with_the_uv_that_the_tests_use(service: Path) -> None:
    pin = next(
        line.removeprefix("uv==")
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if line.startswith("uv==")
    )

    assert f"/uv:{pin} " in (service / "Dockerfile").read_text("utf-8")
