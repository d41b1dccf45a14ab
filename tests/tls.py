"""Servers that speak TLS, with certificates made for one test run: Redis and PostgreSQL."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trustme

from running import free_port, needed, wait_for_port


class Authority:
    """A CA whose certificate clients may trust: `file`."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self.file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def issue(self, folder: Path) -> dict[str, Path]:
        """Write a server's key and certificate for localhost, and return where."""
        issued = self._ca.issue_cert("localhost")
        files = {"key": folder / "key.pem", "cert": folder / "cert.pem"}
        issued.private_key_pem.write_to_path(str(files["key"]))
        issued.cert_chain_pems[0].write_to_path(str(files["cert"]))
        files["key"].chmod(0o600)
        return files


@contextmanager
def redis(authority: Authority, folder: Path) -> Iterator[str]:
    """Run a redis-server that takes TLS alone, and yield its URL, which names no CA yet."""
    files, port = authority.issue(folder), free_port()
    arguments = [
        *("--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1"),
        *("--tls-cert-file", files["cert"], "--tls-key-file", files["key"]),
        *("--tls-ca-cert-file", authority.file, "--tls-auth-clients", "no"),
        *("--requirepass", "s3cret", "--dir", folder, "--save", ""),
    ]
    command = [needed("redis-server", "to test TLS"), *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            wait_for_port(port)
            yield f"rediss://:s3cret@localhost:{port}/0"
        finally:
            server.terminate()


@contextmanager
def postgres(authority: Authority) -> Iterator[str]:
    """Run a PostgreSQL that takes TLS alone, and yield its URL, which names no CA yet."""
    tools, port = _postgres_tools(), free_port()
    user = "nobody" if os.geteuid() == 0 else None  # it refuses to run as root
    with TemporaryDirectory(prefix="eventsmith-") as made:
        folder = Path(made)
        files = authority.issue(folder)
        quiet: dict[str, Any] = {"cwd": folder, "user": user, "stdout": subprocess.DEVNULL}
        _make_cluster(tools, folder, quiet)
        settings = {
            "port": str(port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": made,
            "ssl": "on",
            "ssl_cert_file": str(files["cert"]),
            "ssl_key_file": str(files["key"]),
            "fsync": "off",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        command = [str(tools / "postgres"), "-D", str(folder / "data"), *options]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, **quiet) as server:
            try:
                wait_for_port(port)
                yield f"postgresql://owner:s3cret@localhost:{port}/postgres"
            finally:
                server.send_signal(signal.SIGINT)  # it ends without waiting for its clients


def _make_cluster(tools: Path, folder: Path, how: dict[str, Any]) -> None:
    """Make a cluster in folder/data, whose owner has to come by TLS and with a password."""
    password = folder / "password"
    password.write_text("s3cret")
    if how["user"]:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, how["user"])
    make = ["--no-sync", "--username=owner", f"--pwfile={password}"]
    subprocess.run([tools / "initdb", *make, "-D", folder / "data"], check=True, **how)
    (folder / "data" / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")


def _postgres_tools() -> Path:
    """Return where the newest PostgreSQL of the system is, which Debian keeps from the PATH."""
    found = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    newest = max(found, key=lambda path: int(path.parts[4]), default=None)
    return (newest or Path(needed("postgres", "to test TLS"))).parent
