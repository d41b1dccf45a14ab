"""What every benchmark works with: the service, the servers, the peers, and how much to measure."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.installed import (
    ROOT,
    Environment,
    NotInstallable,
    install_peer,
    install_service,
    render,
)
from benchmarks.peers import Peer
from benchmarks.processes import Process
from benchmarks.processes import running as processes
from benchmarks.scale import Scale
from benchmarks.servers import Servers, running

MIGRATED = "migrated"
PACKAGES = ("sqlalchemy", "asyncpg", "redis", "fastapi", "uvicorn", "uvloop")


@dataclass(frozen=True, slots=True)
class Bench:
    """One run of the benchmarks: how much it measures, where it works, and its peers."""

    scale: Scale
    scratch: Path
    peers: dict[Peer, Environment | str] = field(default_factory=dict)

    def peer(self, peer: Peer) -> Environment | str:
        """Return where a peer is installed, or why it is not."""
        if not self.scale.peers:
            return "left out at this scale"
        if peer not in self.peers:
            try:
                self.peers[peer] = install_peer(peer, self.scratch)
            except NotInstallable as error:
                self.peers[peer] = str(error)
        return self.peers[peer]

    def versions(self) -> dict[str, str]:
        """Return the versions of the peers that were installed."""
        return {
            peer.name: where.version(peer.package)
            for peer, where in self.peers.items()
            if isinstance(where, Environment)
        }


@dataclass(frozen=True, slots=True)
class Stage(Bench):
    """A run with the generated service, installed and migrated, and the servers."""

    service: Environment = field(kw_only=True)
    servers: Servers = field(kw_only=True)

    def installed(self) -> dict[str, str]:
        """Return the versions of the servers, and of what the service works with."""
        ((postgres,),) = self.servers.sql("postgres", "SHOW server_version")
        with self.servers.broker as client:
            about = client.info("server")
        valkey = about.get("valkey_version", about["redis_version"])
        packages = {name: self.service.version(name) for name in PACKAGES}
        return {"PostgreSQL": postgres.partition(" ")[0], "Valkey": valkey} | packages

    def contestant(self, environment: Environment, name: str) -> list[str]:
        """Return the command that runs contestants/`name`.py."""
        script = ROOT / "benchmarks" / "contestants" / f"{name}.py"
        return [environment.program("python"), str(script)]

    def role(self, name: str) -> list[str]:
        """Return the command of a role of the service."""
        return [self.service.program("orders"), name, "--port", "0"]

    @contextmanager
    def at_work(
        self, command: list[str], database: str, copies: int = 1, **env: str
    ) -> Iterator[list[Process]]:
        """Run processes of one contestant on a database and the servers."""
        addresses = {"DATABASE_URL": database, "REDIS_URL": self.servers.redis}
        told: Mapping[str, str] = addresses | {"LOG_FORMAT": "json"} | env
        with processes(command, copies, told, self.service.work) as started:
            yield started


@contextmanager
def staged(bench: Bench) -> Iterator[Stage]:
    """Prepare everything that a service needs to run, for the block."""
    service = install_service(render(bench.scratch / "orders"))
    with running(service, bench.scratch / "servers") as servers:
        stage = Stage(bench.scale, bench.scratch, bench.peers, service=service, servers=servers)
        servers.create(MIGRATED)
        migrate = [service.program("orders"), "migrate"]
        with stage.at_work(migrate, servers.url(MIGRATED)) as (process,):
            process.finished()
        yield stage
