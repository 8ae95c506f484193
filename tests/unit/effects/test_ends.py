"""Ends of jobs that are sent together."""

import asyncio
from typing import Any, cast

import pytest

from functions.effects.ends_supabase import GroupedEnds
from functions.effects.supabase import Supabase
from schema.errors import StaleClaimError, TransientError
from schema.jobs import Json
from tests.unit.work.doubles import claim
from tests.waiting import eventually_async


class Database:
    """Answers when it is let, with what it is told to."""

    def __init__(self) -> None:
        self.calls: list[list[Json]] = []
        self.answers = asyncio.Semaphore(0)
        self.error: TransientError | None = None
        self.stale: set[int] = set()

    async def call(self, function: str, jobs: list[Json]) -> Any:
        assert function == "complete_jobs_v1"
        self.calls.append(jobs)
        await self.answers.acquire()
        if self.error:
            raise self.error
        return [
            {"id": job["id"], "fence": job["fence"], "status": "stale" if job["id"] in self.stale else "done"}
            for job in jobs
        ]

    async def was_called(self, times: int) -> None:
        def same() -> None:
            assert len(self.calls) == times

        await eventually_async(same)


def begin(ends: GroupedEnds, *jobs: int) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(ends.end(claim(job), {"of": job})) for job in jobs]


@pytest.mark.anyio
async def test_what_ends_during_a_call_goes_in_the_next() -> None:
    database = Database()
    ends = GroupedEnds(cast(Supabase, database))
    first = begin(ends, 1)
    await database.was_called(1)
    others = begin(ends, 2, 3)
    database.answers.release()
    await asyncio.gather(*first)
    await database.was_called(2)
    database.answers.release()
    await asyncio.gather(*others)
    last = begin(ends, 4)
    database.answers.release()
    await asyncio.gather(*last)

    assert [[job["id"] for job in call] for call in database.calls] == [[1], [2, 3], [4]]
    assert database.calls[0] == [{"id": 1, "fence": 1, "result": {"of": 1}}]


@pytest.mark.anyio
async def test_each_learns_what_became_of_it() -> None:
    database = Database()
    database.stale = {2}
    database.answers.release()

    results = await asyncio.gather(*begin(GroupedEnds(cast(Supabase, database)), 1, 2, 3), return_exceptions=True)

    assert len(database.calls) == 1
    assert [type(result) for result in results] == [type(None), StaleClaimError, type(None)]


@pytest.mark.anyio
async def test_all_learn_that_nobody_could_be_told_and_the_next_call_is_made() -> None:
    database = Database()
    database.error = TransientError("supabase_unreachable", "The database service cannot be reached.")
    ends = GroupedEnds(cast(Supabase, database))
    database.answers.release()

    results = await asyncio.gather(*begin(ends, 1, 2), return_exceptions=True)

    assert results == [database.error, database.error]
    database.error = None
    database.answers.release()
    await asyncio.gather(*begin(ends, 3))


@pytest.mark.anyio
async def test_an_interrupted_one_does_not_harm_the_others() -> None:
    database = Database()
    interrupted, other = begin(GroupedEnds(cast(Supabase, database)), 1, 2)
    await database.was_called(1)
    interrupted.cancel()
    database.answers.release()

    await other

    assert interrupted.cancelled()
