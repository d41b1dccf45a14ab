"""The Kubernetes manifests: they render, are valid and restricted, and agree with the service."""

import shutil
from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
from pytest_copie.plugin import Copie

from agreeing import about_objects, about_ports, about_workloads
from deploying import (
    Document,
    composed,
    deployed,
    kustomized,
    of_kind,
    pods,
    ports_elsewhere,
    routes,
    settings,
)
from rendering import AWKWARD, render
from running import needed

OVERLAYS = ["dev", "prod"]
# The oldest Kubernetes in which a preStop hook can sleep, and the newest that is known here.
VERSIONS = ["1.30", kubernetes_validate.latest_version()]
SERVICES = {"default": {}, "user-profile": AWKWARD["user-profile"]}
# https://keda.sh/docs/latest/reference/scaledobject-spec/ and .../scalers/metrics-api/
SCALED = {
    "scaleTargetRef": dict,
    "minReplicaCount": int,
    "maxReplicaCount": int,
    "pollingInterval": int,
    "cooldownPeriod": int,
    "triggers": list,
}
BASE, KEDA = "deploy/k8s/base", "deploy/k8s/components/keda"
# Each line of these breaks the agreement: file, text there, text in its place.
BROKEN = {
    "a port in compose": ("compose.yaml", "127.0.0.1:8001:8001", "127.0.0.1:8001:8010"),
    "a port in Kubernetes": (f"{BASE}/relay.yaml", "containerPort: 8001", "containerPort: 8010"),
    "a port in the settings": ("src/orders/chassis/settings.py", "Field(8002", "Field(8020"),
    "a port in the image": ("Dockerfile", "EXPOSE 8000", "EXPOSE 8080"),
    "a port in the health check": ("src/orders/chassis/http/healthcheck.py", '"8001"', '"8010"'),
    "a port that is scraped": ("deploy/prometheus/prometheus.yml", "api:8000", "api:8080"),
    "a health check in compose": ("compose.yaml", "healthcheck, ready]", "healthcheck, steady]"),
    "a variable in compose": ("compose.yaml", "LOG_FORMAT:", "LOG_STYLE:"),
    "a variable in Kubernetes": (f"{BASE}/kustomization.yaml", "LOG_FORMAT=", "LOG_STYLE="),
    "the desk's token in compose": ("compose.yaml", "OPS_TOKEN: $", "OPS_TOKENS: $"),
    "the desk's token in Kubernetes": (f"{BASE}/api.yaml", "name: OPS_TOKEN,", "name: OPS_WORD,"),
    "a missing variable in compose": ("compose.yaml", "    REDIS_URL: redis://redis:6379/0\n", ""),
    "a missing variable in Kubernetes": (f"{BASE}/pod.yaml", "{name: REDIS_URL,", "{name: X,"),
    "the grace in compose": ("compose.yaml", "stop_grace_period: 30s", "stop_grace_period: 20s"),
    "the grace in Kubernetes": (
        f"{BASE}/pod.yaml",
        "GracePeriodSeconds: 45",
        "GracePeriodSeconds: 30",
    ),
    "the drain timeout": ("src/orders/chassis/settings.py", "float = Field(20", "float = Field(60"),
    "the drain timeout in Kubernetes": (f"{BASE}/kustomization.yaml", "TIMEOUT=20", "TIMEOUT=40"),
    "a role": (f"{BASE}/relay.yaml", "args: [relay]", "args: [api]"),
    "a probe": (f"{BASE}/rollout.yaml", "path: /health/ready", "path: /health/live"),
    "a path": ("src/orders/chassis/http/health.py", '"/health/live"', '"/live"'),
    "the backlog": ("src/orders/chassis/http/health.py", '"/backlog"', '"/waiting"'),
    "the Service that is asked": (f"{BASE}/relay.yaml", "port: 8001, target", "port: 80, target"),
    "what is scaled": (f"{KEDA}/consumer.yaml", "{name: orders-consumer}", "{name: orders}"),
    "whom a Service selects": (f"{BASE}/api.yaml", "selector: {app", "selector: {x: y, app"),
}


@pytest.fixture(scope="module")
def kubectl() -> str:
    return needed("kubectl", "to render the manifests")


@pytest.fixture(scope="module")
def rendered(copie_session: Copie) -> dict[str, Path]:
    return {name: render(copie_session, name, SERVICES[name]).folder for name in SERVICES}


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest, rendered: dict[str, Path]) -> Path:
    return rendered[request.param]


@pytest.fixture(params=OVERLAYS)
def objects(request: pytest.FixtureRequest, kubectl: str, service: Path) -> list[Document]:
    return kustomized(kubectl, service, request.param)


def disagreements(kubectl: str, folder: Path, overlay: str) -> list[str]:
    """Return what settings, compose and an overlay have against each other."""
    known, paths = settings(folder), routes(folder)
    objects = kustomized(kubectl, folder, overlay)
    return [
        *about_workloads(known, composed(folder), paths),
        *about_workloads(known, deployed(objects), paths),
        *about_objects(objects, paths),
        *about_ports(known, ports_elsewhere(folder)),
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_valid(objects: list[Document], version: str) -> None:
    for thing in objects:
        if thing["kind"] != "ScaledObject":
            kubernetes_validate.validate(thing, version, strict=True)


def test_kedas_object_has_what_keda_knows(kubectl: str, service: Path) -> None:
    (scaled,) = of_kind(kustomized(kubectl, service, "prod"), "ScaledObject")
    (trigger,) = scaled["spec"]["triggers"]

    assert scaled["apiVersion"] == "keda.sh/v1alpha1"
    assert {key: type(value) for key, value in scaled["spec"].items()} == SCALED
    assert trigger["type"] == "metrics-api"
    assert {key: type(value) for key, value in trigger["metadata"].items()} == dict.fromkeys(
        ("url", "valueLocation", "targetValue"), str
    )


def test_keda_reads_what_the_relay_answers(kubectl: str, service: Path) -> None:
    (scaled,) = of_kind(kustomized(kubectl, service, "prod"), "ScaledObject")
    (trigger,) = scaled["spec"]["triggers"]
    (module,) = service.glob("src/*/chassis/http/health.py")

    assert f'return {{"{trigger["metadata"]["valueLocation"]}": ' in module.read_text("utf-8")


def test_no_two_decide_how_many_there_are(objects: list[Document]) -> None:
    scaled = {
        thing["spec"]["scaleTargetRef"]["name"]
        for thing in of_kind(objects, "HorizontalPodAutoscaler", "ScaledObject")
    }
    counted = {
        thing["metadata"]["name"]
        for thing in of_kind(objects, "Deployment")
        if "replicas" in thing["spec"]
    }

    assert scaled & counted == set()
    assert {
        thing["metadata"]["name"] for thing in of_kind(objects, "Deployment")
    } <= scaled | counted


def test_every_pod_is_restricted(objects: list[Document]) -> None:
    """As https://kubernetes.io/docs/concepts/security/pod-security-standards/ has it, and more."""
    for owner, pod in pods(objects):
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"], owner
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, owner
        assert spec["automountServiceAccountToken"] is False, owner
        assert not spec["enableServiceLinks"], owner
        for container in spec["containers"] + spec.get("initContainers", []):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }
            assert {"requests", "limits"} <= container["resources"].keys()


def test_no_role_starts_before_the_migration(objects: list[Document]) -> None:
    for deployment in of_kind(objects, "Deployment"):
        pod = deployment["spec"]["template"]["spec"]
        (first,) = pod["initContainers"]
        assert first["args"][:2] == ["migrate", "--wait"]
        assert first["image"] == pod["containers"][0]["image"]


def test_nothing_holds_a_secret(objects: list[Document]) -> None:
    assert of_kind(objects, "Secret") == []
    for workload in deployed(objects):
        assert {name for name, value in workload.env.items() if "://" in value} == set()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_settings_compose_and_manifests_agree(kubectl: str, service: Path, overlay: str) -> None:
    assert disagreements(kubectl, service, overlay) == []


@pytest.mark.parametrize("part", BROKEN)
def test_a_disagreement_is_found(
    part: str, kubectl: str, rendered: dict[str, Path], tmp_path: Path
) -> None:
    name, there, instead = BROKEN[part]
    folder = shutil.copytree(rendered["default"], tmp_path / "orders")
    text = (folder / name).read_text("utf-8")
    assert there in text
    (folder / name).write_text(text.replace(there, instead), "utf-8")

    assert disagreements(kubectl, folder, "prod")
