"""Asks the questions of a collection as people do, by rows, and measures the answers that the responders write."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, cast
from uuid import uuid4

from functions.effects.supabase import Supabase
from infra.cli.errors import CommandError
from infra.cli.evaluation.dataset import Answers, Dataset
from infra.cli.evaluation.library import Library, Progress
from infra.cli.evaluation.measures import exact, token_f1

AT_ONCE = 4
LOOK_SECONDS = 0.2
PATIENCE_SECONDS = 300.0  # for one answer
_MARKER = re.compile(r"\s*\[(\d+)\]")


@dataclass(frozen=True)
class Answered:
    """An answer as its row holds it; `quotes` are those of its citations, each with its passage's text."""

    text: str
    metadata: Mapping[str, Any]
    quotes: Sequence[tuple[int, str, str]]
    failed: bool

    @property
    def refused(self) -> bool:
        """Whether it says that the documents do not answer."""
        return bool(self.metadata.get("refused"))


async def evaluate_answers(
    supabase: Supabase, dataset: Dataset, library: Library, progress: Progress
) -> dict[str, float]:
    """Shares over all questions that have expected answers; those that expect none should be refused."""
    if not dataset.answers:
        raise CommandError(
            "There is no answers.jsonl: lines of {_id, text, answers}, none where a refusal is expected."
        )
    door, done = asyncio.Semaphore(AT_ONCE), 0

    async def ask(query: str) -> tuple[str, Answered]:
        nonlocal done
        async with door:
            answered = await _ask(supabase, library, dataset.answers[query].question)
        done += 1
        progress(done, len(dataset.answers))
        return query, answered

    answered = dict(await asyncio.gather(*map(ask, dataset.answers)))
    return measure(answered, dataset.answers)


def measure(answered: Mapping[str, Answered], asked: Mapping[str, Answers]) -> dict[str, float]:
    """The figures. A citation is valid if its marker is in the answer and its quote, word for word, in the passage."""
    expected = {query: answers.expected for query, answers in asked.items()}
    given = [answered[query] for query, answers in expected.items() if answers]
    asked_in_vain = [answered[query] for query, answers in expected.items() if not answers]
    written = [answer for answer in given if not answer.refused]
    quotes = [(answer, quote) for answer in written for quote in answer.quotes]
    texts = {query: _MARKER.sub("", answered[query].text) for query in expected}
    figures: dict[str, Sequence[float]] = {
        "citation_validity": [
            f"[{marker}]" in answer.text and quote in text for answer, (marker, quote, text) in quotes
        ],
        "support": [bool(answer.metadata.get("supported")) for answer in written],
        "refusals_of_unanswerable": [answer.refused for answer in asked_in_vain],
        "refusals_of_answerable": [answer.refused for answer in given],
        "exact": [exact(texts[query], answers) for query, answers in expected.items() if answers],
        "f1": [token_f1(texts[query], answers) for query, answers in expected.items() if answers],
        "holds_the_answer": [_holds(texts[query], answers) for query, answers in expected.items() if answers],
        "failed": [answer.failed for answer in answered.values()],
    }
    return {name: round(fmean(values), 4) for name, values in figures.items() if values}


def _holds(text: str, answers: Sequence[str]) -> bool:
    return any(answer.lower() in text.lower() for answer in answers)


async def _ask(supabase: Supabase, library: Library, question: str) -> Answered:
    conversation, asked = uuid4(), uuid4()
    table = supabase.client.table
    row = {"id": str(conversation), "owner_id": str(library.owner), "library_id": str(library.id)}
    await table("conversations").insert(row).execute()
    row = {"id": str(asked), "conversation_id": str(conversation), "content": question}
    await table("messages").insert(row).execute()
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        query = table("messages").select("*,citations(marker,quote,chunks(text))").eq("reply_to", str(asked))
        [answer] = cast(list[dict[str, Any]], (await query.execute()).data)
        if answer["status"] not in ("pending", "streaming"):
            return _read(answer)
        if asyncio.get_running_loop().time() > deadline:
            raise CommandError(f"Nobody answered within {PATIENCE_SECONDS:.0f} s. Are responders running?")
        await asyncio.sleep(LOOK_SECONDS)


def _read(answer: Mapping[str, Any]) -> Answered:
    quotes = [(each["marker"], each["quote"], (each["chunks"] or {}).get("text", "")) for each in answer["citations"]]
    return Answered(answer["content"], answer["metadata"], quotes, answer["status"] != "complete")
