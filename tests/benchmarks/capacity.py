"""What so many people need, and what it costs: `python -m tests.benchmarks.capacity [--people N …] [--json]`.

Reckons from what a document and an answer cost (the figures of `load.py --json`, kept in `capacity.json`; an operator
measures his own and names the file), and checks by simulation, hour of the day with the most questions, that the places
which the formula gives let nobody wait: Poisson arrivals, service times as measured, first come first served. It ends
with code 1 if the simulation says otherwise. Assumptions and prices stand below, to be changed.
"""

import heapq
import json
import math
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from functions.pipeline.models import cost_usd
from schema.answers import Usage
from schema.settings import Settings
from tests.benchmarks import figures
from tests.benchmarks.figures import Figure, p95

MEASURED = Path(__file__).with_name("capacity.json")
PEOPLE = (100, 10_000, 1_000_000)
GB = 1e9


@dataclass(frozen=True)
class Habits:
    """What people do, on average."""

    questions_a_day: float = 1.0  # of all people, also those who do not come
    documents_each: float = 20.0
    documents_a_month: float = 2.0
    peak_share: float = 0.15  # of a day's questions and documents in its busiest hour
    passages: float = 40.0  # of a document
    document_bytes: float = 300_000.0  # of its file
    prompt_tokens: float = 2_600.0
    answer_tokens: float = 150.0
    answer_seconds: float = 6.0  # that a place of a responder is taken: search, model, the last word
    parse_seconds: float = 2.0  # that a place of a reader is taken
    deltas: float = 60.0  # broadcasts of an answer
    vector_numbers: float = 1024.0
    cached_days: float = 30.0


@dataclass(frozen=True)
class Prices:
    """Dollars a month, of list prices in 2026; tiers of databases by the processors that are busy at the peak."""

    vercel: float = 20.0
    supabase: float = 25.0
    database: Sequence[tuple[float, float]] = ((0.5, 0.0), (1, 50.0), (2, 100.0), (4, 200.0), (8, 400.0), (16, 960.0),
                                               (32, 1870.0), (48, 2800.0), (64, 3730.0))  # fmt: skip
    database_gb: float = 0.125
    file_gb: float = 0.021
    million_messages: float = 2.5
    thousand_connections: float = 10.0
    processor: float = 25.0  # a month of a processor with 2 GB at Render or Railway
    gb_of_memory: float = 10.0
    embedding_million_tokens: float = 0.02


HABITS, PRICES = Habits(), Prices()
OPENNESS = 0.02  # of all people, who have a page open at the peak
RESPONDER_PLACES, READER_PLACES = 64, 2  # in one process
WAIT_SECONDS = {"respond": 0.2, "parse": 60.0}  # at most, of 95 in 100
BUSY = 0.6  # of a processor that is planned for


def places(rate: float, seconds: float) -> int:
    """How many must be able to work at once: the load, and twice its root for the unevenness of chance."""
    load = rate * seconds
    return math.ceil(load + 2 * math.sqrt(load) + 1)


def waits(rate: float, seconds: float, number: int, arrivals: int, dice: random.Random) -> list[float]:
    """How long each waits for a place, in seconds; the first tenth warms up."""
    free, now, found = [0.0] * number, 0.0, []
    for _ in range(arrivals):
        now += dice.expovariate(rate)
        begun = max(now, heapq.heappop(free))
        heapq.heappush(free, begun + dice.lognormvariate(math.log(seconds) - 0.18, 0.6))  # mean: seconds
        found.append(begun - now)
    return found[arrivals // 10 :]


def size(people: int, costs: Mapping[str, float], dice: random.Random) -> dict[str, Figure]:
    """What so many people need."""
    questions = people * HABITS.questions_a_day * HABITS.peak_share / 3600
    documents = people * HABITS.documents_a_month / 30 * HABITS.peak_share / 3600
    answering, reading = places(questions, HABITS.answer_seconds), places(documents, HABITS.parse_seconds)
    busy = questions * _answer_cpu(costs) + documents * _document_cpu(costs)
    services = questions * costs["answer_services_cpu_s"] + documents * costs["document_services_cpu_s"]
    stored = people * HABITS.documents_each
    need: dict[str, Figure] = {
        "questions_per_second": questions,
        "documents_per_second": documents,
        "places_answering": answering,
        "responders": max(2, math.ceil(answering / RESPONDER_PLACES)),
        "readers": max(1, math.ceil(reading / READER_PLACES)),
        "listener_processors": max(1.0, busy / BUSY),
        "database_processors": max(0.25, services / BUSY),
        "database_transactions_per_second": questions * costs["answer_transactions"]
        + documents * costs["document_transactions"],
        "database_gb": stored * costs["document_database_bytes"] / GB
        + people * HABITS.questions_a_day * 365 * costs["answer_database_bytes"] / GB,
        "file_gb": stored * HABITS.document_bytes / GB,
        # Vectors with their graph and labels; Chroma wants what is searched in memory.
        "chroma_memory_gb": stored * HABITS.passages * (HABITS.vector_numbers * 4 + 400) / GB,
        "redis_gb": people * HABITS.documents_a_month * HABITS.passages * HABITS.vector_numbers * 4 / GB,
        "open_pages": people * OPENNESS,
    }
    for kind, rate, seconds, number in (
        ("respond", questions, HABITS.answer_seconds, answering),
        ("parse", documents, HABITS.parse_seconds, reading),
    ):
        need[f"simulated_{kind}_p95_s"] = p95(waits(rate, seconds, number, 20_000, dice))
    return need | prices(people, need)


def _answer_cpu(costs: Mapping[str, float]) -> float:
    return costs["answer_respond_cpu_s"]


def _document_cpu(costs: Mapping[str, float]) -> float:
    return costs["document_parse_cpu_s"] + costs["document_embed_cpu_s"]


def prices(people: int, need: Mapping[str, Any]) -> dict[str, Figure]:
    """Dollars a month."""
    questions = people * HABITS.questions_a_day * 30
    answer = Usage(prompt_tokens=round(HABITS.prompt_tokens), completion_tokens=round(HABITS.answer_tokens))
    tokens = questions * (cost_usd(Settings.model_fields["chat_model"].default, answer) or 0.0)
    embedding = people * HABITS.documents_a_month * HABITS.passages * 220 * PRICES.embedding_million_tokens / 1e6
    messages = questions * HABITS.deltas * 2  # sent once, heard once
    tier = next((usd for cores, usd in PRICES.database if cores >= need["database_processors"]), PRICES.database[-1][1])
    supabase = (
        PRICES.supabase + tier + max(0.0, need["database_gb"] - 8) * PRICES.database_gb
        + max(0.0, need["file_gb"] - 100) * PRICES.file_gb
        + max(0.0, messages / 1e6 - 5) * PRICES.million_messages
        + max(0.0, need["open_pages"] - 500) / 1000 * PRICES.thousand_connections
    )  # fmt: skip
    hosts = need["listener_processors"] * PRICES.processor
    hosts += (need["chroma_memory_gb"] + need["redis_gb"]) * PRICES.gb_of_memory
    return {
        "usd_vercel": PRICES.vercel,
        "usd_supabase": supabase,
        "usd_hosts": max(21.0, hosts),
        "usd_models": tokens + embedding,
        "usd_total": PRICES.vercel + supabase + max(21.0, hosts) + tokens + embedding,
    }


def main() -> None:
    """Reckon, check and print."""
    parser = figures.parser(__doc__)
    parser.add_argument("--people", type=int, nargs="*", default=PEOPLE)
    parser.add_argument("--costs", type=Path, default=MEASURED, help="what load.py --json has printed")
    given = parser.parse_args()
    costs = json.loads(given.costs.read_text())
    found = {f"{people:,}": size(people, costs, random.Random(people)) for people in given.people}
    flat = {f"{name} · {people}": value for people, need in found.items() for name, value in need.items()}
    aims = {
        name: f"≤ {WAIT_SECONDS['respond' if 'respond' in name else 'parse']}" for name in flat if "simulated" in name
    }
    figures.show(flat, aims, given.json)
    late = [name for name, aim in aims.items() if float(flat[name] or 0) > float(aim.removeprefix("≤ "))]
    sys.exit(bool(late))


if __name__ == "__main__":
    main()
