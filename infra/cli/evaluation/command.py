"""`rivulet eval`: composes collection, library, retrieval and screen."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from functions import compose
from functions.effects.supabase import Supabase
from infra.cli import stack_screen
from infra.cli.console import err, out, write
from infra.cli.errors import for_operators
from infra.cli.evaluation import screen
from infra.cli.evaluation.answers import evaluate_answers
from infra.cli.evaluation.dataset import read_dataset
from infra.cli.evaluation.library import Progress, fill
from infra.cli.evaluation.run import Report, evaluate
from infra.local import stack, state
from schema.settings import Settings


async def run(data: Path, as_json: bool, answers: bool) -> None:
    """Evaluate retrieval on a collection, or the answers to its questions, and show what came out."""
    dataset = read_dataset(data)
    with _project(err() if as_json else out()) as settings:
        async with _connected(settings) as supabase:
            library = await fill(supabase, dataset, _told("searchable documents"))
            if answers:
                figures = await evaluate_answers(supabase, dataset, library, _told("answers"))
                write(json.dumps(figures) + "\n") if as_json else out().print(screen.answers_table(figures))
                return
            # Searches are measured, not what was remembered of them.
            retriever = compose.retriever(settings.model_copy(update={"redis_url": None}), supabase)
            report = await evaluate(retriever, dataset, library, _told("queries"))
    kept = _keep(report)
    if as_json:
        write(json.dumps(screen.as_json(report)) + "\n")
    else:
        out().print(screen.as_table(report))
        out().print(f"Plot: {kept}")


@contextmanager
def _project(screen: Console) -> Iterator[Settings]:
    """The settings of the project that the environment names, else of the local stack, started for this if need be."""
    if os.environ.get("SUPABASE_URL"):
        yield _settings()
        return
    started = not _is_running()
    if started:
        stack_screen.start(screen)
    try:
        os.environ.update(stack.environment())
        yield _settings()
    finally:
        if started:
            stack.down()
            screen.print("The local stack is down again, as it was before.")


def _settings() -> Settings:
    """With the secret key: it makes a person and a library, which no worker's token may."""
    with for_operators("rivulet eval"):
        return Settings.for_operator(os.environ)


def _is_running() -> bool:
    try:
        stack.environment()
    except stack.NotRunning:
        return False
    return True


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Supabase]:
    supabase = Supabase(settings)
    try:
        yield supabase
    finally:
        await supabase.close()


def _told(what: str) -> Progress:
    """Tells of progress on standard error, each time another tenth is done."""
    told = -1

    def tell(done: int, total: int) -> None:
        nonlocal told
        tenth = done * 10 // max(total, 1)
        if tenth > told:
            told = tenth
            err().print(f"{done} of {total} {what}")

    return tell


def _keep(report: Report) -> Path:
    """Keep the figures and the plot beside those of earlier runs; the plot's file."""
    folder = state.find_folder(os.environ) / "evaluations"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{report.data}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    file.with_suffix(".json").write_text(json.dumps(screen.as_json(report), indent=2) + "\n", encoding="utf-8")
    plot = file.with_suffix(".svg")
    plot.write_text(screen.as_plot(report), encoding="utf-8")
    return plot
