"""Small favours asked of the model beside the answer: a follow-up in self-contained words, and a conversation's title.

Neither is needed: a model that cannot, is slow or talks nonsense leaves what a rule has made.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from functions.pipeline.models import facts_of
from functions.pipeline.question import accept, leans, rewriting, search_query
from functions.pipeline.title import accept_title, naming, title_of
from schema.answers import Question, Sampling, Turn
from schema.errors import JobError
from schema.ports import Generator

REWRITE_SECONDS = 3.0
TITLE_SECONDS = 8.0
SHORT = Sampling(max_tokens=160, temperature=0.0)

log = structlog.get_logger()


@dataclass(frozen=True)
class Query:
    """What is searched for; `rewritten_by` is `rule`, a model's name, or None if it is the question itself."""

    text: str
    rewritten_by: str | None


@dataclass(frozen=True)
class Assistant:
    """Asks `generator`, whose first model is `model`."""

    generator: Generator
    model: str

    async def query(self, question: Question) -> Query:
        """The query for a question."""
        if not leans(question.question, question.history):
            return Query(question.question, None)
        by_rule = Query(search_query(question.question, question.history), "rule")
        if not facts_of(self.model).follows_instructions:
            return by_rule
        reply, model = await self._ask(rewriting(question.question, question.history), REWRITE_SECONDS)
        rewritten = accept(reply, question.question, question.history)
        return Query(rewritten, model) if rewritten else by_rule

    async def title(self, question: Question) -> str | None:
        """A name for the conversation that begins with this question; None if it has one."""
        if not question.wants_title:
            return None
        if not facts_of(self.model).follows_instructions:
            return title_of(question.question)
        reply, _ = await self._ask(naming(question.question), TITLE_SECONDS)
        return accept_title(reply) or title_of(question.question)

    async def _ask(self, turns: Sequence[Turn], seconds: float) -> tuple[str, str]:
        """The model's reply and name; empty if there is none in time."""
        text, model = "", ""
        try:
            async with asyncio.timeout(seconds), aclosing(self.generator.stream(turns, SHORT)) as deltas:
                async for delta in deltas:
                    text, model = text + delta.text, delta.model
        except (JobError, TimeoutError) as error:
            log.info("favour_not_done", error=str(error) or type(error).__name__)
            return "", ""
        return text, model
