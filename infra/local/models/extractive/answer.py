"""The whole way from a conversation to an answer that only quotes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np

from infra.local.models.encoder import Vector
from infra.local.models.extractive import choice, evidence, overview, prompt, question, render, units
from infra.local.models.extractive.evidence import Evidence
from infra.local.models.extractive.prompt import Prompt, Turn
from infra.local.models.extractive.question import Inquiry
from infra.local.models.extractive.units import Unit

ABOUT = (
    "I am an extractive answerer, not a language model: I only quote sentences from passages that are given with a "
    "question, and there are none here."
)

Embed = Callable[[list[str]], Awaitable[tuple[list[Vector], int]]]


@dataclass(frozen=True)
class _Reading:
    """An inquiry with the evidence for it and the units worth comparing by meaning."""

    inquiry: Inquiry
    evidence: Evidence
    shortlist: list[int]


class Answerer:
    """Answers by quoting; deterministic, and the same in any order of requests."""

    def __init__(self, embed: Embed) -> None:
        self._embed = embed

    async def answer(self, turns: Sequence[Turn]) -> str:
        """Quoted sentences with their markers, the prompt's refusal, or what this model is."""
        asked = await asyncio.to_thread(prompt.read, turns)
        if not asked.has_passages:
            return ABOUT
        found = await asyncio.to_thread(units.units, asked.passages)
        if not found:
            return asked.refusal
        if told := overview.overview(asked.question, asked.passages, found):
            inquiry = question.whole(asked.question, ())
            return " ".join(_quoted(place, asked, found, inquiry) for place in told)
        parts = question.inquiries(asked.question, asked.earlier)
        sentences = await self._sentences(asked, found, parts)
        if not sentences and len(parts) > 1:
            sentences = await self._sentences(asked, found, [question.whole(asked.question, asked.earlier)])
        return " ".join(sentences) or asked.refusal

    async def _sentences(self, asked: Prompt, found: Sequence[Unit], parts: Sequence[Inquiry]) -> list[str]:
        """What answers each part, in the order of the parts, and nothing twice."""
        readings = [await asyncio.to_thread(_read, part, found, asked) for part in parts]
        cosines = await self._cosines(readings, found)
        answers: dict[int, str] = {}
        for reading, similar in zip(readings, cosines, strict=True):
            scores = choice.score(reading.inquiry, found, reading.evidence, similar)
            for place in choice.choose(reading.inquiry, found, reading.evidence, scores):
                answers.setdefault(place, _quoted(place, asked, found, reading.inquiry))
        return list(dict.fromkeys(answers.values()))[: choice.MOST]

    async def _cosines(self, readings: Sequence[_Reading], found: Sequence[Unit]) -> list[dict[int, float]]:
        """For each reading, the cosine of each shortlisted unit with what is asked; one call of the embedder."""
        groups = [
            (reading.inquiry.texts, [render.comparable(found[place], reading.inquiry) for place in reading.shortlist])
            for reading in readings
        ]
        vectors, _ = await self._embed([text for asked, compared in groups for text in (*asked, *compared)])
        following = iter(vectors)
        cosines = []
        for reading in readings:
            asked = np.mean([next(following) for _ in reading.inquiry.texts], axis=0)
            cosines.append({place: float(asked @ next(following)) for place in reading.shortlist})
        return cosines


def _quoted(place: int, asked: Prompt, found: Sequence[Unit], inquiry: Inquiry) -> str:
    return render.sentence(place, found, inquiry, asked.passages[found[place].passage].marker)


def _read(inquiry: Inquiry, found: Sequence[Unit], asked: Prompt) -> _Reading:
    gathered = evidence.gather(inquiry.terms, found, asked.passages)
    return _Reading(inquiry, gathered, choice.shortlist(gathered))
