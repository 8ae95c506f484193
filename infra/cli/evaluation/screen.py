"""Shows an evaluation: a table, one JSON object, a plot."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from xml.sax.saxutils import escape

from rich.table import Table

from infra.cli.evaluation.run import ARMS, Report

COLOURS = {"dense": "#7a8fb8", "lexical": "#b8a06a", "fused": "#3d7a5f"}
BAR, GAP, HEIGHT, LEFT, TOP = 28, 36, 220, 50, 40


def as_table(report: Report) -> Table:
    """A row for each arm."""
    measures = list(report.arms["fused"])
    title = f"{report.data}: {report.queries} queries, {report.documents} documents, {report.passages} passages"
    table = Table("arm", *measures, title=title, caption=f"a search takes {report.p50_ms} ms, p95 {report.p95_ms} ms")
    for arm in ARMS:
        table.add_row(arm, *(f"{report.arms[arm][measure]:.3f}" for measure in measures))
    return table


def answers_table(figures: Mapping[str, float]) -> Table:
    """A row for each figure of the answers."""
    table = Table("answers", "share")
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), f"{value:.3f}")
    return table


def as_json(report: Report) -> dict[str, Any]:
    """The report with the arms at its top."""
    fields = asdict(report)
    return {**fields.pop("arms"), **fields}


def as_plot(report: Report) -> str:
    """An SVG of bars: a group for each measure, a bar for each arm."""
    measures = list(report.arms["fused"])
    width = LEFT + len(measures) * (len(ARMS) * BAR + GAP) + GAP
    body = [*_grid(width), *_key(), f'<text x="{LEFT}" y="18" font-size="14">{escape(report.data)}</text>']
    for group, measure in enumerate(measures):
        x = LEFT + GAP // 2 + group * (len(ARMS) * BAR + GAP)
        body += _bars(report, measure, x)
        body.append(_label(x + len(ARMS) * BAR / 2, TOP + HEIGHT + 18, measure))
    size = f'width="{width}" height="{TOP + HEIGHT + 60}"'
    style = 'font-family="sans-serif" font-size="11" fill="#333"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n' + "\n".join(body) + "\n</svg>\n"


def _bars(report: Report, measure: str, x: int) -> Sequence[str]:
    bars = []
    for place, arm in enumerate(ARMS):
        value = report.arms[arm][measure]
        height = value * HEIGHT
        left, top = x + place * BAR, TOP + HEIGHT - height
        bars.append(
            f'<rect x="{left}" y="{top:.1f}" width="{BAR - 4}" height="{height:.1f}" fill="{COLOURS[arm]}"/>'
            + _label(left + (BAR - 4) / 2, top - 4, f"{value:.2f}".lstrip("0"))
        )
    return bars


def _grid(width: int) -> Sequence[str]:
    lines = []
    for tenth in range(0, 11, 2):
        y = TOP + HEIGHT * (1 - tenth / 10)
        lines.append(f'<line x1="{LEFT}" x2="{width}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        lines.append(_label(LEFT - 16, y + 4, f"{tenth / 10:.1f}"))
    return lines


def _key() -> Sequence[str]:
    return [
        f'<rect x="{LEFT + place * 80}" y="{TOP + HEIGHT + 34}" width="12" height="12" fill="{COLOURS[arm]}"/>'
        f'<text x="{LEFT + place * 80 + 18}" y="{TOP + HEIGHT + 44}">{arm}</text>'
        for place, arm in enumerate(ARMS)
    ]


def _label(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{escape(text)}</text>'
