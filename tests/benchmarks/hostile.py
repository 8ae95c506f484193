"""What becomes of files that mean harm: `python -m tests.benchmarks.hostile --corpus PATH [--json]`.

Somebody asks questions all the while. First nothing else happens, which gives the usual time of an answer; then another
person uploads the whole corpus. Nothing may die, hang, grow or be written elsewhere, and the answers may not suffer.
"""

import asyncio
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from uuid import UUID

from rich.console import Console
from rich.table import Table

from infra.cli.ask import ask, start_conversation
from infra.cli.demo.show import newcomer
from infra.cli.person import Person
from tests.benchmarks import corpus, figures
from tests.benchmarks.corpus import Entry, Memory, Outcome
from tests.benchmarks.figures import Figure, say
from tests.benchmarks.latency import Silence

DEADLINE_SECONDS = 900.0
QUIET_QUESTIONS = 30
LEAST_QUESTIONS = 15
LIGHTHOUSES = 5
AIMS = {
    "unfinished": "0",
    "worker_deaths": "0",
    "peak_rss_mb": "≤ 1,024",
    "written_outside": "0",
    "answer_shift_percent": "≤ 15",
}


async def measure(folder: Path) -> tuple[Mapping[str, Figure], Table]:
    """All figures, and what became of each file."""
    files = corpus.entries(folder)
    async with corpus.somebody() as asker, newcomer(asker.project, "hostile") as attacker:
        deaths = corpus.restarts()
        say("asking, with nothing else to do ...")
        conversation = await _with_documents(asker)
        quiet = [await _ask(asker, conversation, number) for number in range(QUIET_QUESTIONS + 3)][3:]
        say(f"asking while {len(files)} files come in ...")
        before = _escaped(files)
        begun = time.monotonic()
        with Memory() as memory:
            sending = asyncio.create_task(corpus.send(attacker, files, DEADLINE_SECONDS))
            busy: list[float] = []
            while not sending.done() or len(busy) < LEAST_QUESTIONS:
                busy.append(await _ask(asker, conversation, len(busy)))
            outcomes = await sending
        seconds = time.monotonic() - begun
        usual, meanwhile = figures.middle(quiet), figures.middle(busy)
        return {
            "files": len(files),
            **corpus.counts(outcomes),
            "worker_deaths": corpus.restarts() - deaths,
            "peak_rss_mb": memory.one / 1024**2,
            "peak_rss_together_mb": memory.together / 1024**2,
            "written_outside": len(_escaped(files) - before),
            "seconds": seconds,
            "answers_meanwhile": len(busy),
            "answer_ms": usual,
            "answer_ms_meanwhile": meanwhile,
            "answer_shift_percent": 100 * (meanwhile / usual - 1),
        }, _table(outcomes)


async def _with_documents(person: Person) -> UUID:
    """A conversation about some small documents, with one answer behind it."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"lighthouse-{number}.txt") for number in range(LIGHTHOUSES)]
        for number, file in enumerate(files):
            file.write_text(f"Lighthouse {number} was built in {1800 + number} and is {20 + number} metres tall.\n")
        await corpus.send(person, [Entry(file, {"file": file.name}) for file in files], DEADLINE_SECONDS)
    return await start_conversation(person, Silence())


async def _ask(person: Person, conversation: UUID, number: int) -> float:
    """Milliseconds until the answer was whole."""
    answered = await ask(person, conversation, f"How tall is lighthouse {number % LIGHTHOUSES}?", Silence())
    return float(answered.last_token_ms)


def _escaped(files: Sequence[Entry]) -> set[Path]:
    """Files that stand where hostile ones would like to be: named like them or their members, outside of the corpus."""
    names = {PurePosixPath(name.replace("\\", "/")).name for entry in files for name in (entry.name, *_members(entry))}
    places = (Path(tempfile.gettempdir()), Path.cwd(), Path.cwd().parent, Path.home(), Path("/"))
    return {place / name for place in places for name in names if name and (place / name).is_file()}


def _members(entry: Entry) -> list[str]:
    try:
        with zipfile.ZipFile(entry.file) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return []


def _table(outcomes: Sequence[Outcome]) -> Table:
    table = Table("file", "status", "code", "what a person reads")
    for outcome in sorted(outcomes, key=lambda one: one.entry.name):
        row = outcome.row or {}
        said = outcome.refusal or row.get("error_message") or row.get("partial") or ""
        table.add_row(outcome.entry.name[:60], outcome.status, row.get("error_code") or "", said[:100])
    return table


def main() -> None:
    """Measure and print."""
    parser = figures.parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="the unpacked corpus: a folder with manifest.csv")
    options = parser.parse_args()
    results, table = asyncio.run(measure(options.corpus))
    Console(stderr=True).print(table)
    figures.show(results, AIMS, options.json)


if __name__ == "__main__":
    main()
