"""Turns measurements into figures and shows them: a table for people, one JSON object on the last line for machines."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from statistics import median, quantiles

from rich.console import Console
from rich.table import Table

Figure = float | int | str | bool | None


def p95(samples: Sequence[float]) -> float:
    """The 95th percentile."""
    return quantiles(samples, n=20, method="inclusive")[-1]


def middle(samples: Sequence[float]) -> float:
    """The median."""
    return float(median(samples))


def parser(description: str | None) -> argparse.ArgumentParser:
    """The command line that all benchmarks share."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--json", action="store_true", help="print one JSON object on the last line")
    return made


def say(text: str) -> None:
    """Tell how far it is, beside the results."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def show(figures: Mapping[str, Figure], aims: Mapping[str, str], as_json: bool) -> None:
    """Print the figures, with what is aimed at where something is."""
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}
    table = Table("figure", "value", "aim")
    for name, value in rounded.items():
        table.add_row(name, f"{value:,}" if isinstance(value, float | int) else str(value), aims.get(name, ""))
    Console(file=sys.stderr if as_json else sys.stdout).print(table)
    if as_json:
        sys.stdout.write(json.dumps(rounded) + "\n")
