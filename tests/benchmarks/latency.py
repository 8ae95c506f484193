"""How long people wait, and what the stack costs while nobody asks: `python -m tests.benchmarks.latency [--json]`.

Measured from outside, as a person with the official client sees it, on the running stack or on one that is started for
it. A stack started for it is stopped and started once more, which gives the time of a warm start.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Self
from uuid import UUID

from rich.console import Console
from rich.table import Table

from infra.cli.ask import Answered, ask, start_conversation
from infra.cli.board import Board
from infra.cli.demo.show import newcomer
from infra.cli.files import find_uploads
from infra.cli.person import Person
from infra.cli.project import local_project
from infra.cli.upload import upload
from infra.local import stack
from tests.benchmarks import processes

UPLOADS = 9
QUESTIONS = 15
IDLE_SECONDS = 30.0
SETTLE_SECONDS = 5.0
# What the local stack promises on two cores.
LIMITS = {
    "warm_start_ms": 10_000,
    "upload_to_searchable_ms": 2_000,
    "first_delta_beyond_model_ms": 100,
    "idle_cpu_percent": 5,
    "memory_mb": 1_500,
}


@dataclass(frozen=True)
class Figures:
    """Medians, in milliseconds where the name says so; none was not measured.

    `first_delta_ms` is from the insert of the question to the first delta at the subscriber; `model_ms` of it is what
    the model took from the prompt to its first token, and `retrieve_ms` the search before that. `memory_mb` is the sum
    of resident memory, which counts shared pages in each process; `memory_shared_once_mb` counts them once.
    """

    warm_start_ms: int | None
    upload_to_searchable_ms: float
    first_delta_ms: float
    retrieve_ms: float
    model_ms: float
    first_delta_beyond_model_ms: float
    idle_cpu_percent: float
    memory_mb: float
    memory_shared_once_mb: float | None


class Silence:
    """A screen for nobody."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, _: object) -> None:
        """Show nothing."""

    def delayed(self, text: str) -> None:
        """A delay would make the figures worthless."""
        raise RuntimeError(text)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    say = Console(stderr=True).print
    ran_before = any(part.state != "stopped" for part in stack.status())
    try:
        figures = measure(None if ran_before else _start_warm(say), say)
    finally:
        if not ran_before:
            stack.down()
    if as_json:
        Console(soft_wrap=True).print(json.dumps(asdict(figures)), markup=False, highlight=False)
    else:
        Console().print(_table(figures))


def measure(warm_start_ms: int | None, say: Callable[[str], None]) -> Figures:
    """All figures of the running stack."""
    uploads, answers = asyncio.run(_use(say))
    first = [each.first_token_ms or each.last_token_ms for each in answers]
    timings = [each.row.timings or {} for each in answers]
    model = [each["first_token"] - each["retrieve"] for each in timings]
    say(f"Waiting {IDLE_SECONDS:.0f} s for the cost of doing nothing …")
    time.sleep(SETTLE_SECONDS)
    idle = processes.cpu_percent(IDLE_SECONDS)
    memory = processes.memory()
    return Figures(
        warm_start_ms=warm_start_ms,
        upload_to_searchable_ms=median(uploads),
        first_delta_ms=median(first),
        retrieve_ms=median(each["retrieve"] for each in timings),
        model_ms=median(model),
        first_delta_beyond_model_ms=median(whole - own for whole, own in zip(first, model, strict=True)),
        idle_cpu_percent=round(idle, 2),
        memory_mb=round(memory.resident / 1e6),
        memory_shared_once_mb=None if memory.proportional is None else round(memory.proportional / 1e6),
    )


def _start_warm(say: Callable[[str], None]) -> int:
    say("Starting the stack twice; the second start counts …")
    stack.up(lambda _: None)
    stack.down()
    return stack.up(lambda _: None)


async def _use(say: Callable[[str], None]) -> tuple[list[int], list[Answered]]:
    """Times of uploads in milliseconds, and answers; the first of each warms up and does not count."""
    async with newcomer(local_project(os.environ), "bench") as person:
        say(f"Uploading {UPLOADS} small files …")
        with tempfile.TemporaryDirectory() as folder:
            files = [_lighthouse(Path(folder), number) for number in range(UPLOADS + 1)]
            uploads = [await _upload(person, file) for file in files]
        say(f"Asking {QUESTIONS} questions …")
        conversation = await start_conversation(person, Silence())
        answers = [await _ask(person, conversation, number) for number in range(QUESTIONS + 1)]
    return uploads[1:], answers[1:]


def _lighthouse(folder: Path, number: int) -> Path:
    file = folder / f"lighthouse-{number}.txt"
    file.write_text(f"Lighthouse {number} was built in {1800 + number} and is {20 + number} metres tall.\n")
    return file


async def _upload(person: Person, file: Path) -> int:
    board = Board.of(str(person.library), find_uploads([file]))
    await upload(person, board, Silence())
    [track] = board.tracks.values()
    if not track.succeeded or track.milliseconds is None:
        raise RuntimeError(f"{track.upload.name}: {track.reason}")
    return track.milliseconds


async def _ask(person: Person, conversation: UUID, number: int) -> Answered:
    answered = await ask(person, conversation, f"How tall is lighthouse {number % UPLOADS}?", Silence())
    if answered.row.status != "complete" or not answered.pieces:
        raise RuntimeError(f"the answer is {answered.row.status} and came in {answered.pieces} pieces")
    return answered


def _table(figures: Figures) -> Table:
    table = Table("figure", "value", "promised at most")
    for name, value in asdict(figures).items():
        shown = "not measured" if value is None else f"{value:,g}"
        table.add_row(name.replace("_", " "), shown, f"{LIMITS[name]:,}" if name in LIMITS else "")
    return table


if __name__ == "__main__":
    main()
