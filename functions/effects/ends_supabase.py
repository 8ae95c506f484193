"""Ends of jobs that have no effect but to end: sent together."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from functions.effects.supabase import Supabase, raise_if_over
from schema.jobs import Claim, Json

MOST_AT_ONCE = 100


@dataclass(frozen=True)
class _End:
    claim: Claim
    result: Json
    status: asyncio.Future[str]


class GroupedEnds:
    """While one call is under way the next ends gather, and go in the next call. So nobody waits for company."""

    def __init__(self, supabase: Supabase) -> None:
        self._supabase = supabase
        self._gathered: list[_End] = []
        self._sending: asyncio.Task[None] | None = None

    async def end(self, claim: Claim, result: Json) -> None:
        """End a job; the result is kept in its history. Raises `StaleClaimError` and `TransientError`."""
        mine = _End(claim, result, asyncio.get_running_loop().create_future())
        self._gathered.append(mine)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_all(), name="end jobs")
        raise_if_over(claim, await mine.status)

    async def _send_all(self) -> None:
        while self._gathered:
            ends, self._gathered = self._gathered[:MOST_AT_ONCE], self._gathered[MOST_AT_ONCE:]
            await self._send(ends)

    async def _send(self, ends: Sequence[_End]) -> None:
        names = [{"id": end.claim.id, "fence": end.claim.fence, "result": end.result} for end in ends]
        try:
            reply = await self._supabase.call("complete_jobs_v1", jobs=names)
            statuses = {(each["id"], each["fence"]): each["status"] for each in reply}
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to those who wait
            for end in _waiting(ends):
                end.status.set_exception(error)
            return
        for end in _waiting(ends):
            end.status.set_result(statuses[end.claim.id, end.claim.fence])


def _waiting(ends: Sequence[_End]) -> Sequence[_End]:
    """Those that were not interrupted meanwhile."""
    return [end for end in ends if not end.status.done()]
