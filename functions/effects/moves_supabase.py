"""Libraries on their way to another place, over the Data API: `MoveStore`."""

from uuid import UUID

from pydantic import TypeAdapter

from functions.effects.supabase import Supabase
from schema.jobs import Claim
from schema.moves import Checked, MoveTask

_TASK: TypeAdapter[MoveTask] = TypeAdapter(MoveTask)


class SupabaseMoves:
    """Implements `MoveStore`."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase

    async def start_move(self, claim: Claim) -> MoveTask:
        """What this job is to do."""
        return _TASK.validate_python(await self._supabase.call_for(claim, "start_move_v1"))

    async def complete_build(self, claim: Claim, last: UUID | None, written: int, embedded: int) -> None:
        """End the job."""
        await self._supabase.call_for(
            claim, "complete_build_v1", last=None if last is None else str(last), written=written, embedded=embedded
        )

    async def complete_check(self, claim: Claim, checked: Checked, refusal: str | None) -> None:
        """End the job, and swap the places unless there is a refusal."""
        found = checked.model_dump(mode="json", exclude_none=True)
        await self._supabase.call_for(claim, "complete_check_v1", checked=found, refusal=refusal)

    async def complete_mend(self, claim: Claim, written: int) -> None:
        """End the job."""
        await self._supabase.call_for(claim, "complete_mend_v1", written=written)
