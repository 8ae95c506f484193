"""respond: a question → retrieved passages → a streamed, cited answer."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from functions.handlers.draft import Draft
from functions.handlers.retrieve import Retriever
from functions.pipeline.cite import cite
from functions.pipeline.prompt import build_prompt
from functions.pipeline.question import search_query
from schema.answers import Answer, Passage, Turn
from schema.jobs import Claim
from schema.ports import Announcer, AnswerStore, Generator


@dataclass(frozen=True)
class RespondHandler:
    """Answers a question and lets everybody who watches the conversation see it appear."""

    store: AnswerStore
    retriever: Retriever
    generator: Generator
    announcer: Announcer

    async def __call__(self, claim: Claim) -> None:
        """Do one respond job."""
        started = time.monotonic()
        question = await self.store.start_respond(claim)
        query = search_query(question.question, question.history)
        passages = await self.retriever.retrieve(question.user_id, query, question.library_id)
        retrieved = time.monotonic()
        draft = Draft(claim, question.conversation_id, self.store, self.announcer)
        await self._write(draft, build_prompt(question.question, passages, question.history))
        timings = {
            "queued": claim.waited_ms,
            "retrieve": _milliseconds(started, retrieved),
            "first_token": _milliseconds(started, draft.first_token_at or time.monotonic()),
            "total": _milliseconds(started, time.monotonic()),
        }
        await self.store.complete_respond(claim, _answer(draft, passages, timings))

    async def _write(self, draft: Draft, prompt: Sequence[Turn]) -> None:
        """Let the model write the draft while another task sends it on; all that was written is sent in the end."""
        publisher = asyncio.create_task(draft.publish(), name="publish draft")
        try:
            async with aclosing(self.generator.stream(prompt)) as deltas:
                async for delta in deltas:
                    draft.add(delta)
                    if publisher.done():
                        publisher.result()  # raises: the claim is over
        except asyncio.CancelledError:
            await draft.save()  # stopped by the person: what there is stays
            raise
        finally:
            publisher.cancel()
            await asyncio.wait([publisher])
            await draft.send()


def _answer(draft: Draft, passages: Sequence[Passage], timings: dict[str, int]) -> Answer:
    cited = cite(draft.text, passages)
    return Answer(
        content=cited.content,
        model=draft.model,
        usage=draft.usage,
        timings=timings,
        citations=cited.citations,
        metadata={
            "passages": len(passages),
            "forged_markers": cited.forged,
            "refused": cited.refused,
            "finish_reason": draft.finish_reason or "",
        },
    )


def _milliseconds(start: float, end: float) -> int:
    return round((end - start) * 1000)
