"""A generated service and those who mean it ill: odd requests, servers that are not its own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

import tls
from conftest import program as eventsmith
from running import Installed, free_port, install

SCHEMATHESIS = str(Path(sys.executable).with_name("schemathesis"))
QUICK = ["--phases=coverage,fuzzing,stateful", "--max-examples=10", "--seed=1", "--workers=1"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("services") / "orders"
    made = eventsmith("new", folder, "--defaults", "--no-git", "--no-lock", cwd=folder.parent)
    assert made.returncode == 0, made.stderr
    return install(folder)


@pytest.fixture
def authority(tmp_path: Path) -> tls.Authority:
    return tls.Authority(tmp_path)


@pytest.fixture
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> tls.Authority:
    """Return one that signed nothing here."""
    return tls.Authority(tmp_path_factory.mktemp("other"))


@contextmanager
def dev(service: Installed, folder: Path, **env: str) -> Iterator[str]:
    """Run the whole service, and yield the address of its API."""
    port, log = free_port(), folder / "dev.log"
    command = [str(service.folder / ".venv" / "bin" / "orders"), "dev"]
    given = {"PATH": os.environ["PATH"], "LOG_FORMAT": "json", "API_PORT": str(port), **env}
    with (
        log.open("w") as out,
        subprocess.Popen(command, cwd=folder, env=given, stdout=out, stderr=out) as process,
    ):
        try:
            until = time.monotonic() + 60
            while '"consumer.ready"' not in log.read_text("utf-8"):
                assert process.poll() is None, log.read_text("utf-8")
                assert time.monotonic() < until, log.read_text("utf-8")
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def told(service: Installed, folder: Path, *command: str, **env: str) -> tuple[int, str]:
    """Run a command of the service; return its exit code and what it says on stderr."""
    program = str(service.folder / ".venv" / "bin" / "orders")
    given = {"PATH": os.environ["PATH"], **env}
    done = subprocess.run(
        [program, *command], cwd=folder, env=given, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def ask(url: str, body: bytes | None = None) -> Any:
    request = Request(url, body, {"content-type": "application/json"})  # noqa: S310
    with urlopen(request, timeout=10) as answer:  # noqa: S310 - the address is ours
        return json.load(answer)


def totals_of_an_order(api: str) -> dict[str, Any]:
    """Post one, and wait for what its event leads to."""
    ask(f"{api}/orders", json.dumps({"customer_id": "ada", "total_amount": "12.50"}).encode())
    until = time.monotonic() + 30
    while True:
        try:
            found: dict[str, Any] = ask(f"{api}/customers/ada/totals")
        except HTTPError:
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            return found


def test_no_request_is_an_error_of_the_service(service: Installed, tmp_path: Path) -> None:
    """Hundreds of odd requests are all answered as the OpenAPI document says."""
    with dev(service, tmp_path) as api:
        command = [SCHEMATHESIS, "run", f"{api}/openapi.json", "--checks=all", *QUICK]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        log = (tmp_path / "dev.log").read_text("utf-8")

    assert done.returncode == 0, done.stdout
    assert '"level": "error"' not in log


def test_it_runs_on_servers_that_speak_tls_alone(
    service: Installed, authority: tls.Authority, tmp_path: Path
) -> None:
    with (
        tls.redis(authority, tmp_path) as redis,
        tls.postgres(authority) as postgres,
        dev(
            service,
            tmp_path,
            REDIS_URL=f"{redis}?ssl_ca_certs={authority.file}",
            DATABASE_URL=f"{postgres}?sslmode=verify-full&sslrootcert={authority.file}",
        ) as api,
    ):
        assert totals_of_an_order(api)["total_amount"] == "12.50"


def test_a_redis_whose_certificate_is_not_trusted_is_refused_in_one_line(
    service: Installed, authority: tls.Authority, other_authority: tls.Authority, tmp_path: Path
) -> None:
    with tls.redis(authority, tmp_path) as redis:
        by_address = redis.replace("localhost", "127.0.0.1")
        for url in (
            f"{redis}?ssl_ca_certs={other_authority.file}",
            f"{by_address}?ssl_ca_certs={authority.file}",
        ):
            settings = {"REDIS_URL": url, "DATABASE_URL": "postgresql://127.0.0.1:1/none"}
            code, said = told(service, tmp_path, "status", **settings)

            assert code == 1
            assert said.startswith("error: no answer from Redis at ")
            assert "certificate verify failed" in said.lower()
            assert said.count("\n") == 1
            assert "s3cret" not in said


def test_a_postgres_whose_certificate_is_not_trusted_is_refused_in_one_line(
    service: Installed, authority: tls.Authority, other_authority: tls.Authority, tmp_path: Path
) -> None:
    with tls.postgres(authority) as postgres:
        by_address = postgres.replace("localhost", "127.0.0.1")
        for url in (
            f"{postgres}?sslmode=verify-full&sslrootcert={other_authority.file}",
            f"{by_address}?sslmode=verify-full&sslrootcert={authority.file}",
        ):
            settings = {"REDIS_URL": "redis://127.0.0.1:1/0", "DATABASE_URL": url}
            code, said = told(service, tmp_path, "dead-letters", "list", **settings)

            assert code == 1
            assert said.startswith("error: no connection to Postgres at ")
            assert "certificate verify failed" in said.lower()
            assert said.count("\n") == 1
            assert "s3cret" not in said
