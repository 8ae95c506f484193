"""Alerts and dashboard: well formed, about metrics that exist, each alert with its runbook."""

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import REGISTRY

import functions.telemetry.metrics  # noqa: F401 - registers them
import listeners.doorbell  # noqa: F401 - the same
from infra.local.state import CHECKOUT
from infra.monitoring import dashboard

MONITORING = CHECKOUT / "infra" / "monitoring"
RUNBOOK = CHECKOUT / "docs" / "operators" / "alerts.md"
# What prometheus_client tells of a process where the system lets it.
OF_THE_PROCESS = {"process_resident_memory_bytes", "process_cpu_seconds_total"}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[tuple[str, str]]:
    return [(panel.title, query) for panel in dashboard.PANELS for query in panel.queries.values()]


def names(expression: Any) -> Iterator[str]:
    """The metrics that an expression asks for."""
    yield from re.findall(r"\b((?:rivulet|process)_\w+)", expression.prettify())


def known() -> dict[str, set[str]]:
    """What a scrape may hold: the names of samples, and the labels of each."""
    found = {}
    for metric, told in REGISTRY._collector_to_names.items():
        for name in told:
            found[name] = set(getattr(metric, "_labelnames", ()))
    return found


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_what_exists_and_has_a_runbook(rule: dict[str, Any]) -> None:
    expression = promql_parser.parse(rule["expr"])

    assert set(names(expression)) <= known().keys(), rule["expr"]
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["runbook"] == f"docs/operators/alerts.md#{rule['alert'].lower()}"
    assert f"\n## {rule['alert']}\n" in RUNBOOK.read_text()


@pytest.mark.parametrize("query", [rule["expr"] for rule in rules()] + [query for _, query in panels()])
def test_what_every_process_tells_is_not_added_up(query: str) -> None:
    """The queues' gauges are the same whichever process tells them: their sum grows with the number of listeners."""
    for aggregation, metric in re.findall(r"(\w+)(?: by \(\w+\))? ?\((?:\w+\()?(rivulet_(?:queue|engine)_\w+)", query):
        assert aggregation in ("max", "absent"), metric


def test_every_runbook_belongs_to_an_alert() -> None:
    assert re.findall(r"^## (\w+)$", RUNBOOK.read_text(), re.MULTILINE) == [rule["alert"] for rule in rules()]


@pytest.mark.parametrize(("title", "query"), panels())
def test_a_panel_asks_for_what_exists(title: str, query: str) -> None:
    expression = promql_parser.parse(query.replace("$__rate_interval", "5m"))

    assert set(names(expression)) <= known().keys() | OF_THE_PROCESS


@pytest.mark.parametrize("query", [rule["expr"] for rule in rules()] + [query for _, query in panels()])
def test_labels_are_those_of_the_metric(query: str) -> None:
    labels = known()
    for metric, conditions in re.findall(r"\b(rivulet_\w+)\{([^}]*)\}", query):
        assert set(re.findall(r"(\w+)\s*=", conditions)) <= labels[metric], query


def test_the_dashboard_is_as_its_source_has_it() -> None:
    assert json.loads((MONITORING / "dashboard.json").read_text()) == dashboard.dashboard()


def test_every_metric_is_told_of_in_the_handbook() -> None:
    handbook = (CHECKOUT / "docs" / "operators" / "watch.md").read_text()

    found = (getattr(metric, "_name", "") for metric in REGISTRY._collector_to_names)
    ours = {name for name in found if name.startswith("rivulet")}
    assert {name for name in ours if f"`{name}" not in handbook} == set()
