"""The Grafana dashboard: `python -m infra.monitoring.dashboard > infra/monitoring/dashboard.json`.

A panel is a title, a unit and its queries; Grafana's many other words are added here.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

COLUMNS = 3
WIDTH, HEIGHT = 24 // COLUMNS, 8


class Panel(NamedTuple):
    """A chart. `queries`: legend → PromQL; `unit`: as Grafana calls it."""

    title: str
    unit: str
    queries: dict[str, str]


def quantile(share: float, metric: str, by: str = "", where: str = "") -> str:
    """The quantile of a histogram over the chart's step."""
    labels = ", ".join(filter(None, ["le", by]))
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{where}[$__rate_interval])))"


def rate(metric: str, by: str, where: str = "") -> str:
    """Events per second."""
    return f"sum by ({by}) (rate({metric}{where}[$__rate_interval]))"


PANELS: Sequence[Panel] = (
    Panel(
        "Question → first words",
        "s",
        {f"p{round(q * 100)}": quantile(q, "rivulet_answer_first_token_seconds") for q in (0.5, 0.95, 0.99)},
    ),
    Panel("Question → whole answer", "s", {"p95": quantile(0.95, "rivulet_answer_seconds")}),
    Panel("Answers", "reqps", {"{{finish_reason}}": rate("rivulet_answers_total", "finish_reason")}),
    Panel(
        "Jobs that could run now",
        "short",
        {"{{queue}}": 'max by (queue) (rivulet_queue_jobs{state="ready"})'},
    ),
    Panel("Age of the oldest of them", "s", {"{{queue}}": "max by (queue) (rivulet_queue_oldest_ready_seconds)"}),
    Panel("Event → claim", "s", {"{{queue}} p95": quantile(0.95, "rivulet_job_wait_seconds", "queue")}),
    Panel("Jobs ended", "ops", {"{{queue}} {{outcome}}": rate("rivulet_job_run_seconds_count", "queue, outcome")}),
    Panel("A job takes", "s", {"{{queue}} p95": quantile(0.95, "rivulet_job_run_seconds", "queue")}),
    Panel("Failures by code", "ops", {"{{queue}} {{code}}": rate("rivulet_job_failures_total", "queue, code")}),
    Panel("Jobs that failed for good", "short", {"{{queue}}": "max by (queue) (rivulet_queue_dead_jobs)"}),
    Panel("Listeners", "short", {"{{queue}}": "max by (queue) (rivulet_queue_workers)"}),
    Panel(
        "Leases lost, stale ends",
        "ops",
        {
            "lost {{queue}}": rate("rivulet_leases_lost_total", "queue"),
            "stale {{queue}}": rate("rivulet_job_run_seconds_count", "queue", '{outcome="stale"}'),
        },
    ),
    Panel("Model → first words", "s", {"{{model}} p95": quantile(0.95, "rivulet_model_first_token_seconds", "model")}),
    Panel("Tokens", "short", {"{{model}} {{kind}}": rate("rivulet_model_tokens_total", "model, kind")}),
    Panel("Cost per hour", "currencyUSD", {"{{model}}": "sum by (model) (increase(rivulet_model_cost_usd_total[1h]))"}),
    Panel(
        "Database p95",
        "s",
        {"{{operation}}": quantile(0.95, "rivulet_call_seconds", "operation", '{service="database"}')},
    ),
    Panel(
        "Chroma p95",
        "s",
        {"{{operation}}": quantile(0.95, "rivulet_call_seconds", "operation", '{service="vectors"}')},
    ),
    Panel("Steps of a search p95", "s", {"{{step}}": quantile(0.95, "rivulet_retrieval_seconds", "step")}),
    Panel(
        "Calls that fail",
        "ops",
        {"{{service}} {{operation}}": rate("rivulet_call_seconds_count", "service, operation", '{result="error"}')},
    ),
    Panel(
        "Found in the cache",
        "percentunit",
        {
            "{{cache}}": " / ".join(
                rate("rivulet_cache_lookups_total", "cache", where) for where in ('{result="hit"}', "")
            )
        },
    ),
    Panel(
        "Made up, left out",
        "ops",
        {"{{what}}": rate("rivulet_answer_removals_total", "what")},
    ),
    Panel("Memory", "bytes", {"{{instance}}": 'process_resident_memory_bytes{job="rivulet"}'}),
    Panel(
        "Processor", "percentunit", {"{{instance}}": 'rate(process_cpu_seconds_total{job="rivulet"}[$__rate_interval])'}
    ),
    Panel(
        "Doorbell",
        "short",
        {"hear": "sum(rivulet_doorbell_hears)", "lost": "sum(increase(rivulet_doorbell_losses_total[5m]))"},
    ),
)


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana imports it."""
    return {
        "uid": "rivulet",
        "title": "Rivulet",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}]
        },
        "panels": [_panel(number, panel) for number, panel in enumerate(PANELS)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    targets = [
        {"refId": chr(ord("A") + place), "datasource": source, "expr": query, "legendFormat": legend}
        for place, (legend, query) in enumerate(panel.queries.items())
    ]
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": source,
        "gridPos": {"w": WIDTH, "h": HEIGHT, "x": number % COLUMNS * WIDTH, "y": number // COLUMNS * HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": targets,
    }


if __name__ == "__main__":
    json.dump(dashboard(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
