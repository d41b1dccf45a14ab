"""What the roles serve at /metrics, read as Prometheus reads it; and what the pages say of it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

ROOT = Path.cwd()
_ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([\w` ]*) ?\| .+ \|$", re.MULTILINE)
# Names have an underscore, and so do these functions and keywords of PromQL.
_NAME = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
_PROMQL = {"histogram_quantile", "rate_interval"}


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, as the page describes it or as it is served; labels as far as they are known."""

    name: str
    type: str
    labels: frozenset[str]


def described() -> dict[str, Metric]:
    """The metrics in the table of docs/metrics.md, by their names."""
    page = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    return {
        name: Metric(name, kind, frozenset(re.findall(r"\w+", labels)))
        for name, kind, labels in _ROW.findall(page)
    }


def served(page: str) -> dict[str, Metric]:
    """The metrics of one scrape, by their names; labels of those that have a value."""
    return {metric.name: metric for metric in _families(page)}


def _families(page: str) -> Iterator[Metric]:
    for family in text_string_to_metric_families(page):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels}
        yield Metric(name, family.type, frozenset(labels - {"le"}))


def queries() -> list[str]:
    """What alerts and dashboards ask Prometheus for."""
    rule = re.compile(r"^ +expr: (?:>-\n)?(.+?)\n +(?:for|labels):", re.MULTILINE | re.DOTALL)
    alerts = (ROOT / "deploy" / "prometheus").glob("alerts*.yml")
    found = [query for path in alerts for query in rule.findall(path.read_text("utf-8"))]
    for path in (ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"):
        for panel in json.loads(path.read_text("utf-8"))["panels"]:
            found += [target["expr"] for target in panel.get("targets", ())]
    return found


def names_in(expression: str) -> set[str]:
    """The metrics that an expression asks for."""
    found = set(_NAME.findall(re.sub(r'"[^"]*"', "", expression))) - _PROMQL
    return {re.sub("_(bucket|sum|count)$", "", name) for name in found}


def labels_in(expression: str) -> set[str]:
    """The labels that an expression selects or groups by, but for those that Prometheus adds."""
    grouped = " ".join(re.findall(r"\bby \(([^)]*)\)", expression))
    selected = re.findall(r"(\w+)=~?\"", expression)
    return {*re.findall(r"\w+", grouped), *selected} - {"job", "instance", "le"}
