"""What a rendered service says about how it is run, in settings.py, compose.yaml and deploy/."""

import ast
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROLES = {"api", "consumer", "migrate", "relay"}
RELEASE = 10
"""Seconds beyond DRAIN_TIMEOUT that a process may need: what it could not finish is given back."""
REQUIRED = object()
"""In the place of a setting's default."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Workload:
    """One container that runs the image; times in seconds. What is a secret has the value ""."""

    where: str
    role: str
    env: Mapping[str, str]
    port: int | None = None
    grace: float = 0
    pause: float = 0
    probes: Mapping[str, str] = field(default_factory=dict)


def settings(folder: Path) -> dict[str, object]:
    """Return the variables that the service reads, with their defaults."""
    found: dict[str, object] = {}
    for module in (*folder.glob("src/*/chassis/settings.py"), *folder.glob("src/*/settings.py")):
        body = ast.parse(module.read_text("utf-8")).body
        (declared,) = (node for node in body if isinstance(node, ast.ClassDef))
        for node in declared.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found[node.target.id.upper()] = _default(node.value) if node.value else REQUIRED
    return found


def _default(value: ast.expr) -> object:
    if isinstance(value, ast.Call) and value.args:
        value = value.args[0]
    return value.value if isinstance(value, ast.Constant) else None


def routes(folder: Path) -> set[str]:
    """Return the paths that the template's own routers serve."""
    texts = [path.read_text("utf-8") for path in folder.glob("src/*/chassis/http/*.py")]
    return {path for text in texts for path in re.findall(r'router\.get\("(/[^"]*)"', text)}


def ports_elsewhere(folder: Path) -> dict[str, set[str]]:
    """Return the ports that stand in further files."""
    (check,) = folder.glob("src/*/chassis/http/healthcheck.py")
    numbers = re.compile(r"\b\d{4}\b")
    files = (check, folder / "Dockerfile", folder / "deploy" / "prometheus" / "prometheus.yml")
    return {path.name: set(numbers.findall(path.read_text("utf-8"))) for path in files}


@cache
def kustomized(kubectl: str, folder: Path, overlay: str) -> list[Document]:
    """Return the objects of an overlay; what is in the folder must not change any more."""
    command = [kubectl, "kustomize", f"deploy/k8s/overlays/{overlay}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def composed(folder: Path) -> list[Workload]:
    """Return the services of compose.yaml that run the image."""
    document = yaml.safe_load((folder / "compose.yaml").read_text("utf-8"))
    return [
        _composed(name, service)
        for name, service in document["services"].items()
        if "build" in service
    ]


def _composed(name: str, service: Document) -> Workload:
    ports = [str(port).rpartition(":")[2] for port in service.get("ports", [])]
    _, *check = service.get("healthcheck", {}).get("test", [None])
    asks = check[:2] == ["python", "-m"] and check[2].endswith(".healthcheck")
    probes = {"readinessProbe": f"/health/{check[3]}"} if asks else {}
    return Workload(
        f"compose: {name}",
        service["command"][0],
        service["environment"],
        int(ports[0]) if ports else None,
        float(service["stop_grace_period"].removesuffix("s")),
        probes=probes,
    )


def pods(objects: list[Document]) -> Iterator[tuple[str, Document]]:
    """Yield the pods that the objects make, each with its owner's name."""
    for thing in objects:
        if thing["kind"] in {"Deployment", "Job"}:
            yield thing["metadata"]["name"], thing["spec"]["template"]


def deployed(objects: list[Document]) -> list[Workload]:
    """Return the containers of an overlay, those that come first included."""
    maps = {thing["metadata"]["name"]: thing["data"] for thing in of_kind(objects, "ConfigMap")}
    return [
        _deployed(f"{owner}: {container['name']}", pod["spec"], container, maps)
        for owner, pod in pods(objects)
        for container in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]
    ]


def _deployed(
    where: str, pod: Document, container: Document, maps: Mapping[str, Document]
) -> Workload:
    env = {entry["name"]: entry.get("value", "") for entry in container["env"]}
    for source in container["envFrom"]:
        env |= maps[source["configMapRef"]["name"]]
    named = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
    probes = {
        kind: probe["httpGet"]["path"]
        for kind, probe in container.items()
        if kind.endswith("Probe") and probe["httpGet"]["port"] in named
    }
    return Workload(
        where,
        container["args"][0],
        env,
        named.get("http"),
        pod["terminationGracePeriodSeconds"],
        container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0),
        probes,
    )


def of_kind(objects: list[Document], *kinds: str) -> list[Document]:
    """Return the objects of these kinds."""
    return [thing for thing in objects if thing["kind"] in kinds]
