"""What is reckoned for so many people: the page says what the program does, and the simulation can disagree."""

import json
import random
import re

import pytest

from infra.local.state import CHECKOUT
from tests.benchmarks import capacity, figures

COSTS = json.loads(capacity.MEASURED.read_text())
PAGE = (CHECKOUT / "infra" / "capacity.md").read_text()


@pytest.mark.parametrize(("people", "column"), [(100, 0), (10_000, 1), (1_000_000, 2)])
def test_the_page_says_what_the_program_reckons(people: int, column: int) -> None:
    need = capacity.size(people, COSTS, random.Random(people))

    for row, name in (("together", "usd_total"), ("models", "usd_models"), ("Supabase", "usd_supabase")):
        cells = re.search(rf"^\| {row} \|(.*)\|$", PAGE, re.MULTILINE)
        assert cells is not None
        shown = float(cells[1].split("|")[column].strip(" *").replace(",", ""))
        assert shown == pytest.approx(float(need[name] or 0), rel=0.02, abs=1)
    for kind, most in capacity.WAIT_SECONDS.items():
        assert float(need[f"simulated_{kind}_p95_s"] or 0) <= most


def test_with_places_for_the_mean_alone_the_simulation_notices() -> None:
    """The root in the formula is what keeps people from waiting."""
    rate, seconds = 2.0, 6.0
    wait = figures.p95(capacity.waits(rate, seconds, int(rate * seconds), 20_000, random.Random(1)))

    assert wait > capacity.WAIT_SECONDS["respond"]
    enough = capacity.places(rate, seconds)
    assert (
        figures.p95(capacity.waits(rate, seconds, enough, 20_000, random.Random(1))) <= capacity.WAIT_SECONDS["respond"]
    )


def test_more_people_never_need_less() -> None:
    needs = [capacity.size(people, COSTS, random.Random(1)) for people in (10, 1000, 100_000)]
    for name in ("places_answering", "database_gb", "chroma_memory_gb", "usd_total"):
        values = [float(need[name] or 0) for need in needs]
        assert values == sorted(values)
