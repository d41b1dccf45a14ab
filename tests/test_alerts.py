"""The alerts of a rendered service: they fire when they should, by Prometheus's own judgement."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pytest_copie.plugin import Copie

from rendering import AWKWARD, MAIN, Answers, render
from running import needed

RULES = Path(__file__).with_name("alert_rules.yml")
SERVICES: dict[str, Answers] = {
    "default": MAIN["default"],
    **{name: AWKWARD[name] for name in ("user-profile", "punctuated")},
}


@pytest.fixture(scope="module", params=SERVICES)
def service(request: pytest.FixtureRequest, copie_session: Copie) -> Path:
    return render(copie_session, request.param, SERVICES[request.param]).folder


def promtool(folder: Path, *arguments: str) -> None:
    program = needed("promtool", "from Debian's prometheus")
    done = subprocess.run(
        [program, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_understands_its_configuration_and_the_alerts(service: Path) -> None:
    promtool(service / "deploy" / "prometheus", "check", "config", "prometheus.yml")


def test_alerts_fire_when_something_is_wrong_and_only_then(
    copie_session: Copie, tmp_path: Path
) -> None:
    folder = render(copie_session, "default", MAIN["default"]).folder / "deploy" / "prometheus"
    shutil.copy(folder / "alerts.yml", tmp_path)
    shutil.copy(RULES, tmp_path)
    groups = yaml.safe_load((tmp_path / "alerts.yml").read_text("utf-8"))["groups"]
    alerts = {rule["alert"] for group in groups for rule in group["rules"]}
    for half in yaml.safe_load(RULES.read_text("utf-8"))["tests"]:
        assert {test["alertname"] for test in half["alert_rule_test"]} == alerts

    promtool(tmp_path, "test", "rules", RULES.name)


def test_the_dashboard_is_one_that_grafana_reads(service: Path) -> None:
    path = service / "deploy" / "grafana" / "dashboards" / "service.json"
    dashboard = json.loads(path.read_text("utf-8"))
    variables = {variable["name"] for variable in dashboard["templating"]["list"]}

    assert variables == {"datasource", "service"}
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    places = [place for panel in dashboard["panels"] for place in covered(panel["gridPos"])]
    assert len(places) == len(set(places))


def test_the_dashboard_shows_no_service_whose_name_begins_like_this_one(service: Path) -> None:
    path = service / "deploy" / "grafana" / "dashboards" / "service.json"
    dashboard = json.loads(path.read_text("utf-8"))
    (name,) = [v["query"] for v in dashboard["templating"]["list"] if v["name"] == "service"]
    queries = [query["expr"] for panel in dashboard["panels"] for query in panel.get("targets", ())]
    asked = [re.findall(r'job=~"\$service-(.+?)"', query) for query in queries]
    (jobs,) = {f"{name}-{roles}" for found in asked for roles in found}

    assert all(asked)
    assert all(re.fullmatch(jobs, f"{name}-{role}") for role in ("api", "relay", "consumer"))
    assert not re.fullmatch(jobs, f"{name}-archive-api")


def test_the_page_says_of_each_alert_what_to_do_and_what_feeds_it(service: Path) -> None:
    page = (service / "docs" / "metrics.md").read_text("utf-8")
    text = (service / "deploy" / "prometheus" / "alerts.yml").read_text("utf-8")
    rules = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
    fed = {
        (re.sub(r"_(count|sum|bucket)$", "", metric), rule["alert"])
        for rule in rules
        for metric in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", rule["expr"])
    }
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([\w` ]*)\|$", page, re.MULTILINE)
    told = {(metric, alert) for metric, alerts in rows for alert in re.findall(r"\w+", alerts)}

    assert fed == told
    for rule in rules:
        assert rule["annotations"]["runbook"] == f"docs/metrics.md#{rule['alert'].lower()}"
    headings = re.findall(r"^### (\w+)$", page, re.MULTILINE)
    assert headings == [rule["alert"] for rule in rules]


def covered(at: dict[str, int]) -> Iterator[tuple[int, int]]:
    """Yield the cells of the grid that a panel covers."""
    for x in range(at["x"], at["x"] + at["w"]):
        for y in range(at["y"], at["y"] + at["h"]):
            yield x, y
