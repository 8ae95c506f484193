"""What is claimed and started, beside what runs already."""

import asyncio

import pytest

from functions.dispatch import Dispatcher
from functions.work import running as running_module
from functions.work.claimer import Claimer
from functions.work.running import RunningJobs
from schema.errors import RateLimitedError, TransientError
from schema.jobs import ClaimBatch, Outcome, Queue
from tests.unit.work.doubles import Jobs, Work, claim
from tests.waiting import eventually_async

AT_ONCE = 3


class Place:
    """One process that serves two queues."""

    def __init__(self, jobs: Jobs) -> None:
        self.work = Work()
        self.running = RunningJobs(Dispatcher(jobs, dict.fromkeys(Queue, self.work)), jobs)
        self.ended: list[Outcome] = []
        self.one, self.other = (
            Claimer(queue, AT_ONCE, "worker", jobs, self.running, lambda _, outcome: self.ended.append(outcome))
            for queue in (Queue.PURGE, Queue.PARSE)
        )

    async def has_begun(self, *jobs: int) -> None:
        def same() -> None:
            assert self.work.begun == list(jobs)

        await eventually_async(same)

    async def has_ended(self, *outcomes: Outcome) -> None:
        def same() -> None:
            assert self.ended == list(outcomes)

        await eventually_async(same)


@pytest.mark.anyio
async def test_a_lost_reply_is_asked_for_again() -> None:
    jobs = Jobs(claim(1))
    place = Place(jobs)
    jobs.replies_are_lost = True
    with pytest.raises(TransientError):
        await place.one.claim()
    jobs.replies_are_lost = False

    assert [job.id for job in (await place.one.claim()).jobs] == [1]
    await place.one.claim()

    requests = [request for _, request in jobs.asked]
    assert requests[0] == requests[1] != requests[2]
    assert [limit for limit, _ in jobs.asked] == [AT_ONCE, AT_ONCE, AT_ONCE - 1]


@pytest.mark.anyio
async def test_a_job_that_has_to_be_alone_waits_for_the_others_and_holds_up_the_next() -> None:
    jobs = Jobs(claim(1), claim(2))
    place = Place(jobs)
    await place.one.claim()
    await place.has_begun(1, 2)
    jobs.ready = [claim(3, alone=True, queue=Queue.PARSE)]
    await place.other.claim()

    assert place.one.free == place.other.free == 0
    place.work.let_go(1, 2)
    await place.has_begun(1, 2, 3)
    assert place.one.free == place.other.free == 0
    place.work.let_go(3)
    await place.has_ended(Outcome.DONE, Outcome.DONE, Outcome.DONE)
    assert place.one.free == place.other.free == AT_ONCE


@pytest.mark.anyio
async def test_what_was_claimed_meanwhile_is_given_back_untouched() -> None:
    jobs = Jobs(claim(1, alone=True), claim(2, queue=Queue.PARSE))
    place = Place(jobs)

    batch = await _claim_together(jobs, place)

    await place.has_begun(1)
    assert (batch.jobs, batch.more, jobs.released, place.work.begun) == ([], False, [2], [1])


@pytest.mark.anyio
async def test_what_cannot_be_given_back_is_left_to_its_lease() -> None:
    jobs = Jobs(claim(1, alone=True), claim(2, queue=Queue.PARSE))
    jobs.release_fails = True

    batch = await _claim_together(jobs, Place(jobs))

    assert (batch.jobs, batch.more) == ([], False)


@pytest.mark.anyio
async def test_nobody_is_held_up_for_long_by_a_job_that_cannot_be_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_module, "ALONE_SECONDS", 0.05)
    jobs = Jobs(claim(1))
    place = Place(jobs)
    await place.one.claim()
    await place.has_begun(1)
    jobs.ready = [claim(2, alone=True)]
    await place.one.claim()

    await place.has_ended(Outcome.PUT_OFF)

    assert isinstance(jobs.failed[2], RateLimitedError)  # spends no attempt
    assert jobs.failed[2].retry_after_seconds >= 30
    assert place.work.begun == [1]
    assert place.one.free == AT_ONCE - 1


async def _claim_together(jobs: Jobs, place: Place) -> ClaimBatch:
    """Both ask before either is answered; what the other gets."""
    jobs.open.clear()
    claims = [asyncio.create_task(claimer.claim()) for claimer in (place.one, place.other)]
    await eventually_async(lambda: _assert_asked(jobs, 2))
    jobs.open.set()
    _, batch = await asyncio.gather(*claims)
    return batch


def _assert_asked(jobs: Jobs, times: int) -> None:
    assert len(jobs.asked) == times
