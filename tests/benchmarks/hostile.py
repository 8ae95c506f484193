"""What becomes of files that mean harm: `python -m tests.benchmarks.hostile --corpus PATH [--json]`.

Somebody asks questions all the while, of a model as far away as Together AI is: 600 ms to the first word, then a word
every 15 ms; embedding, parsing and all else happen on this machine. First nothing else happens, which gives the usual
time of an answer; then another person uploads the whole corpus. Nothing may die, hang, grow or be written elsewhere,
and the answers may not suffer. Told of an answer: how long it takes as a person sees it, and how much of that is ours.
"""

import asyncio
import multiprocessing
import os
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from uuid import UUID

from rich.console import Console
from rich.table import Table

from infra.cli.ask import ask, start_conversation
from infra.cli.demo.show import newcomer
from infra.cli.person import Person
from infra.cli.project import local_project
from infra.local import state
from infra.local.environment import EMBEDDING_MODEL
from infra.local.models import package
from tests import serving
from tests.benchmarks import corpus, figures
from tests.benchmarks.corpus import Entry, Memory, Outcome
from tests.benchmarks.figures import Figure, say
from tests.benchmarks.latency import Silence
from tests.benchmarks.stream import far_model
from tests.benchmarks.streaming.model import WORD_SECONDS, words_for

DEADLINE_SECONDS = 900.0
FIRST_SECONDS = 0.6
QUIET_QUESTIONS = 30
LEAST_QUESTIONS = 15
LIGHTHOUSES = 5
LEAST_PRIORITY = 19
AIMS = {
    "unfinished": "0",
    "worker_deaths": "0",
    "peak_rss_mb": "≤ 1,024",
    "written_outside": "0",
    "answer_shift_percent": "≤ 15",
}


@dataclass(frozen=True)
class Took:
    """Milliseconds until an answer was whole, and those that were not the model's."""

    whole: float
    ours: float


@dataclass(frozen=True)
class Attack:
    """What became of the files, and the greatest resident memory seen meanwhile, see `Memory`."""

    outcomes: Sequence[Outcome]
    memory_one: int
    memory_together: int


async def measure(folder: Path) -> tuple[Mapping[str, Figure], Table]:
    """All figures, and what became of each file."""
    files = corpus.entries(folder)
    async with corpus.somebody() as asker:
        deaths = corpus.restarts()
        say("asking, with nothing else to do ...")
        conversation = await _with_documents(asker)
        quiet = [await _ask(asker, conversation, number) for number in range(QUIET_QUESTIONS + 3)][3:]
        say(f"asking while {len(files)} files come in ...")
        before = _escaped(files)
        begun = time.monotonic()
        busy: list[Took] = []
        with _elsewhere() as attacker:
            attacking = asyncio.get_running_loop().run_in_executor(attacker, _attack, files)
            while not attacking.done() or len(busy) < LEAST_QUESTIONS:
                busy.append(await _ask(asker, conversation, len(busy)))
            attack = await attacking
        seconds = time.monotonic() - begun
        return {
            "files": len(files),
            **corpus.counts(attack.outcomes),
            "worker_deaths": corpus.restarts() - deaths,
            "peak_rss_mb": attack.memory_one / 1024**2,
            "peak_rss_together_mb": attack.memory_together / 1024**2,
            "written_outside": len(_escaped(files) - before),
            "seconds": seconds,
            "answers_meanwhile": len(busy),
            **_shift("answer", [each.whole for each in quiet], [each.whole for each in busy]),
            **_shift("ours", [each.ours for each in quiet], [each.ours for each in busy]),
        }, _table(attack.outcomes)


def _shift(name: str, quiet: Sequence[float], busy: Sequence[float]) -> dict[str, Figure]:
    usual, meanwhile = figures.middle(quiet), figures.middle(busy)
    return {
        f"{name}_ms": usual,
        f"{name}_ms_meanwhile": meanwhile,
        f"{name}_shift_percent": 100 * (meanwhile / usual - 1),
    }


@contextmanager
def _stage() -> Iterator[None]:
    """What the environment says: a new stack, whose answers come from afar and whose embeddings do not."""
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="rivulet-hostile-")))
        folder.chmod(0o711)  # as root PostgreSQL runs as another user, who has to pass through
        embedder = ends.enter_context(serving.models(folder / "models"))
        model = ends.enter_context(far_model(str(FIRST_SECONDS), embedder))
        os.environ |= {
            state.FOLDER_VARIABLE: str(folder),
            "TOGETHER_BASE_URL": f"{model}/v1",
            "TOGETHER_API_KEY": "local",
            "EMBEDDING_MODEL": EMBEDDING_MODEL,
            "EMBEDDING_TOKENIZER": str(package.model_folder() / "tokenizer.json"),
        }
        yield


def _elsewhere() -> ProcessPoolExecutor:
    """A process for the attacker, who is not where the asker is, and neither are those who watch the memory."""
    started_anew = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, started_anew, initializer=os.nice, initargs=(LEAST_PRIORITY,))


def _attack(files: Sequence[Entry]) -> Attack:
    async def attack() -> Sequence[Outcome]:
        async with newcomer(local_project(os.environ), "hostile") as attacker:
            return await corpus.send(attacker, files, DEADLINE_SECONDS)

    with Memory() as memory:
        outcomes = asyncio.run(attack())
    return Attack(outcomes, memory.one, memory.together)


async def _with_documents(person: Person) -> UUID:
    """A conversation about some small documents, with one answer behind it."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"lighthouse-{number}.txt") for number in range(LIGHTHOUSES)]
        for number, file in enumerate(files):
            file.write_text(f"Lighthouse {number} was built in {1800 + number} and is {20 + number} metres tall.\n")
        await corpus.send(person, [Entry(file, {"file": file.name}) for file in files], DEADLINE_SECONDS)
    return await start_conversation(person, Silence())


async def _ask(person: Person, conversation: UUID, number: int) -> Took:
    question = f"How tall is lighthouse {number % LIGHTHOUSES}?"
    answered = await ask(person, conversation, question, Silence())
    model = FIRST_SECONDS + WORD_SECONDS * len(words_for(question))
    return Took(float(answered.last_token_ms), answered.last_token_ms - model * 1000)


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
    with _stage():
        results, table = asyncio.run(measure(options.corpus))
    Console(stderr=True).print(table)
    figures.show(results, AIMS, options.json)


if __name__ == "__main__":
    main()
