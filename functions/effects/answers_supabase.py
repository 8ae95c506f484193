"""Questions and answers over the Data API: `AnswerStore`."""

from functions.effects.supabase import Supabase
from schema.answers import Answer, Question
from schema.errors import StoppedError
from schema.jobs import Claim


class SupabaseAnswers:
    """Implements `AnswerStore`."""

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
