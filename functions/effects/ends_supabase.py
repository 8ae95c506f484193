"""Ends of jobs that have no effect but to end: sent together."""

from collections.abc import Sequence
from typing import NamedTuple

from functions.effects.gather import Gathering
from functions.effects.supabase import Supabase, raise_if_over
from schema.jobs import Claim, Json

MOST_AT_ONCE = 100


class _End(NamedTuple):
    claim: Claim
    result: Json


class GroupedEnds:
    """Ends that come while others are under way go together."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase
        self._ends = Gathering(self._send, MOST_AT_ONCE)

    async def end(self, claim: Claim, result: Json) -> None:
        """End a job; the result is kept in its history. Raises `StaleClaimError` and `TransientError`."""
        raise_if_over(claim, await self._ends.add(_End(claim, result)))

    async def _send(self, ends: Sequence[_End]) -> Sequence[str]:
        names = [{"id": end.claim.id, "fence": end.claim.fence, "result": end.result} for end in ends]
        reply = await self._supabase.call("complete_jobs_v1", jobs=names)
        statuses = {(each["id"], each["fence"]): each["status"] for each in reply}
        return [statuses[end.claim.id, end.claim.fence] for end in ends]
