"""Questions, answers and search over the Data API: `AnswerStore` and `SearchStore`."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from functions.effects.supabase import Supabase
from schema.answers import Answer, Passage, Placement, Question
from schema.errors import StoppedError
from schema.jobs import Claim


class SupabaseAnswers:
    """Implements `AnswerStore` and `SearchStore`."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase

    async def start_respond(self, claim: Claim) -> Question:
        """Take the draft over."""
        return Question.model_validate(await self._supabase.call_for(claim, "start_respond_v1"))

    async def save_draft(self, claim: Claim, content: str) -> None:
        """Store the text so far."""
        reply = await self._supabase.call_for(claim, "save_draft_v1", content=content)
        if reply["status"] == "cancel":
            raise StoppedError(f"the answer of job {claim.id} was stopped")

    async def complete_respond(self, claim: Claim, answer: Answer) -> None:
        """Store the final text."""
        await self._supabase.call_for(claim, "complete_respond_v1", answer=answer.model_dump(mode="json"))

    async def scope(self, user: UUID, library: UUID | None) -> Sequence[Placement]:
        """The libraries that the person may search."""
        reply = await self._supabase.call("search_scope_v1", user=str(user), library=_text(library))
        return [Placement.model_validate(row) for row in reply]

    async def lexical(self, user: UUID, query: str, library: UUID | None, limit: int) -> Sequence[UUID]:
        """Ids of the best passages by words."""
        reply = await self._supabase.call(
            "lexical_search_v1", user=str(user), query=query, library=_text(library), limit=limit
        )
        return [UUID(row["chunk_id"]) for row in reply]

    async def visible(self, user: UUID, chunks: Sequence[UUID]) -> Mapping[UUID, Passage]:
        """Those that the person may see now."""
        reply = await self._supabase.call("visible_chunks_v1", user=str(user), chunks=[str(c) for c in chunks])
        passages = [Passage.model_validate(row) for row in reply]
        return {passage.chunk_id: passage for passage in passages}


def _text(identifier: UUID | None) -> str | None:
    return None if identifier is None else str(identifier)
