"""What becomes of real documents: `python -m tests.benchmarks.ingest --corpus PATH [--json]`.

Every file of the corpus is uploaded to the local stack as a person does it, and followed until it is ready or failed.
Where the manifest names an expected text (column `expected`), the text that can be searched is compared with it; a file
that failed found none of its words.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from infra.cli.person import Person
from tests.benchmarks import corpus, figures
from tests.benchmarks.corpus import Memory, Outcome
from tests.benchmarks.figures import Figure, say
from tests.benchmarks.recall import expected_text, recall, without_markdown, word_count

DEADLINE_SECONDS = 1_800.0
GOOD = 0.9
AIMS = {
    "unfinished": "0",
    "worker_deaths": "0",
    "median_word_recall": "≥ 0.97",
    "share_word_recall_90": "≥ 0.95",
    "peak_rss_mb": "≤ 1,000",
}


async def measure(folder: Path) -> tuple[Mapping[str, Figure], Table]:
    """All figures, and the files that missed something."""
    files = corpus.entries(folder)
    async with corpus.somebody() as person:
        deaths = corpus.restarts()
        say(f"uploading {len(files)} files ...")
        begun = time.monotonic()
        with Memory() as memory:
            outcomes = await corpus.send(person, files, DEADLINE_SECONDS)
        seconds = time.monotonic() - begun
        say("comparing texts ...")
        recalls = {one.entry.name: await _recall(person, folder, one) for one in outcomes}
        found = [value for value in recalls.values() if value is not None]
        pages = sum(one.row["pages"] or 1 for one in outcomes if one.row and one.status == "ready")
        return {
            **corpus.counts(outcomes),
            "worker_deaths": corpus.restarts() - deaths,
            "compared": len(found),
            "median_word_recall": figures.middle(found),
            "share_word_recall_90": sum(value >= GOOD for value in found) / len(found),
            "peak_rss_mb": memory.together / 1024**2,
            "peak_rss_one_process_mb": memory.one / 1024**2,
            "pages": pages,
            "seconds": seconds,
            "pages_per_s": pages / seconds,
            "documents_per_s": len(outcomes) / seconds,
        }, _misses(outcomes, recalls)


async def _recall(person: Person, folder: Path, outcome: Outcome) -> float | None:
    """None where nothing is known to be in the file."""
    named = outcome.entry.about.get("expected")
    expected = expected_text(folder / named) if named else ""
    if not word_count(expected):
        return None
    if outcome.row is None or outcome.status != "ready":
        return 0.0
    return recall(expected, without_markdown(await corpus.text_of(person, outcome.row["id"])))


def _misses(outcomes: Sequence[Outcome], recalls: Mapping[str, float | None]) -> Table:
    table = Table("file", "status", "recall", "why")
    for outcome in sorted(outcomes, key=lambda one: (recalls[one.entry.name] or 0.0, one.entry.name)):
        value = recalls[outcome.entry.name]
        if outcome.status == "ready" and (value is None or value >= GOOD):
            continue
        row = outcome.row or {}
        why = outcome.refusal or row.get("error_code") or row.get("partial") or ""
        table.add_row(outcome.entry.name, outcome.status, "" if value is None else f"{value:.2f}", why)
    return table


def main() -> None:
    """Measure and print."""
    parser = figures.parser(__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="the unpacked corpus: a folder with manifest.csv")
    options = parser.parse_args()
    results, misses = asyncio.run(measure(options.corpus))
    Console(stderr=True).print(misses)
    figures.show(results, AIMS, options.json)


if __name__ == "__main__":
    main()
