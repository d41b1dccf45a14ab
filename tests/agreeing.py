"""Where settings, compose.yaml and the manifests of a rendered service disagree; one line each."""

import re
from collections.abc import Iterator, Mapping

from deploying import RELEASE, REQUIRED, ROLES, Document, Workload, of_kind, pods

Found = Iterator[str]


def about_workloads(
    known: Mapping[str, object], workloads: list[Workload], paths: set[str]
) -> Found:
    """Yield what one way to run the service, all its containers, has wrong."""
    if {workload.role for workload in workloads} != ROLES:
        yield f"the roles are {sorted(workload.role for workload in workloads)}"
    for workload in workloads:
        problems = (*_variables(known, workload), *_times(known, workload))
        if workload.role != "migrate":
            problems += (*_port(known, workload), *_probes(workload, paths))
        yield from (f"{workload.where}: {problem}" for problem in problems)


def _variables(known: Mapping[str, object], workload: Workload) -> Found:
    yield from (f"no setting reads {name}" for name in workload.env.keys() - known.keys())
    needed = {name for name, default in known.items() if default is REQUIRED}
    yield from (f"{name} is missing" for name in needed - workload.env.keys())


def _times(known: Mapping[str, object], workload: Workload) -> Found:
    drain = float(str(workload.env.get("DRAIN_TIMEOUT", known["DRAIN_TIMEOUT"])))
    if workload.grace < workload.pause + drain + RELEASE:
        yield f"killed after {workload.grace} s, and drains for {drain} s"


def _port(known: Mapping[str, object], workload: Workload) -> Found:
    name = f"{workload.role}_port".upper()
    port = workload.env.get(name, known[name])
    if str(port) != str(workload.port):
        yield f"listens on {port}, and {workload.port} is published"


def _probes(workload: Workload, paths: set[str]) -> Found:
    probes = workload.probes
    if "readinessProbe" not in probes:
        yield "nobody asks on its port whether it is ready"
    yield from (f"nothing serves {path}" for path in set(probes.values()) - paths)
    for kind, path in probes.items():
        if (path == "/health/ready") != (kind == "readinessProbe"):
            yield f"{kind} asks {path}"


def about_ports(known: Mapping[str, object], elsewhere: Mapping[str, set[str]]) -> Found:
    """Yield the files that have other ports than the settings."""
    ports = {str(default) for name, default in known.items() if name.endswith("_PORT")}
    for name, found in elsewhere.items():
        if found != ports:
            yield f"{name} has the ports {sorted(found)}"


def about_objects(objects: list[Document], paths: set[str]) -> Found:
    """Yield the objects that point at nothing."""
    labels = [pod["metadata"]["labels"] for _, pod in pods(objects)]
    for thing in objects:
        name = f"{thing['kind']} {thing['metadata']['name']}"
        selector = _selector(thing)
        if selector is not None and not any(selector.items() <= found.items() for found in labels):
            yield f"{name} selects no pod"
        target = thing["spec"].get("scaleTargetRef") if "spec" in thing else None
        if target and target["name"] not in _names(objects, "Deployment"):
            yield f"{name} scales {target['name']}"
    for scaled in of_kind(objects, "ScaledObject"):
        yield from _asked(scaled, objects, paths)


def _selector(thing: Document) -> Mapping[str, str] | None:
    match thing["kind"]:
        case "Service":
            selector: Mapping[str, str] = thing["spec"]["selector"]
        case "Deployment" | "PodDisruptionBudget":
            selector = thing["spec"]["selector"]["matchLabels"]
        case "NetworkPolicy":
            selector = thing["spec"]["podSelector"]["matchLabels"]
        case _:
            return None
    return selector


def _names(objects: list[Document], kind: str) -> set[str]:
    return {thing["metadata"]["name"] for thing in of_kind(objects, kind)}


def _asked(scaled: Document, objects: list[Document], paths: set[str]) -> Found:
    """Yield what is wrong with the addresses that KEDA asks."""
    served = {
        f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc:{port['port']}"
        for service in of_kind(objects, "Service")
        for port in service["spec"]["ports"]
    }
    for trigger in scaled["spec"]["triggers"]:
        url = trigger["metadata"]["url"]
        address = re.fullmatch(r"http://([^/]+)(/.*)", url)
        if not address or address[1] not in served or address[2] not in paths:
            yield f"nothing serves {url}"
