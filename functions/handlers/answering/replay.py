"""Answers that were given before, given again: to the same person, to the same question, from the same passages.

Reasons: infra/decisions/0088-an-answer-is-replayed-from-its-prompt.md.
"""

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from functions.pipeline.answer import Source
from schema.answers import Answer, Delta, Question
from schema.ports import Cache


@dataclass(frozen=True)
class Replays:
    """Keeps answers for so many seconds."""

    cache: Cache
    seconds: int

    async def find(self, question: Question, source: Source) -> Delta | None:
        """What was answered, in one piece."""
        if not _stands_alone(question):
            return None
        [kept] = await self.cache.get([_key(question, source)])
        return None if kept is None else Delta.model_validate_json(kept)

    async def keep(self, question: Question, source: Source, answer: Answer) -> None:
        """Remember an answer that the model ended by itself."""
        if _stands_alone(question) and answer.metadata.finish_reason == "stop":
            whole = Delta(text=answer.content, model=answer.model, finish_reason="stop")
            await self.cache.put({_key(question, source): whole.model_dump_json().encode()}, self.seconds)


async def played(answer: Delta) -> AsyncGenerator[Delta, None]:
    """The answer as a model would give it."""
    yield answer


def _stands_alone(question: Question) -> bool:
    """Who asks for another answer wants another one; a follow-up is hardly ever the same twice."""
    return not question.again and not question.history


def _key(question: Question, source: Source) -> str:
    """The prompt holds the question and every passage that this person was given just now."""
    asked = "\n".join([str(question.user_id), source.prompt.sha256, source.sampling.model_dump_json(), *source.models])
    return f"answer:1:{hashlib.sha256(asked.encode()).hexdigest()}"
