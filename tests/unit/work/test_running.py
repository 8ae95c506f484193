"""Jobs that run here, and claims that end under them."""

import pytest

from functions.dispatch import Dispatcher
from functions.work.drain import Workplace
from functions.work.drains import Drains
from functions.work.running import RunningJobs
from schema.jobs import Beat, Outcome, Queue
from tests.unit.work.doubles import Jobs, Work, claim
from tests.waiting import eventually_async


def running(work: Work) -> RunningJobs:
    jobs = Jobs()
    return RunningJobs(Dispatcher(jobs, dict.fromkeys(Queue, work)), jobs)


@pytest.mark.anyio
async def test_a_job_that_comes_back_takes_the_place_of_its_earlier_attempt() -> None:
    work = Work()
    held = running(work)
    earlier, later = claim(1), claim(1).model_copy(update={"fence": 20})
    first = held.start(earlier)
    await eventually_async(lambda: _assert_begun(work, 1))

    second = held.start(later)

    assert await first is Outcome.STALE
    assert held.claims() == [later]
    held.heed(earlier, Beat.LOST)  # an answer that comes late
    work.let_go(1)
    assert await second is Outcome.DONE
    assert held.claims() == []


@pytest.mark.anyio
async def test_a_drain_whose_sweep_fails_does_not_stand_in_the_way_of_the_next() -> None:
    jobs = Jobs()  # cannot sweep
    drains = Drains(Workplace(jobs, Beats(), dict.fromkeys(Queue, Work()), 1), Bell())
    for _ in range(2):
        with pytest.raises(NotImplementedError):
            await drains.drain([Queue.PURGE], 1.0)


class Beats:
    def beat(self, claims: object) -> dict[int, Beat]:
        raise NotImplementedError


class Bell:
    async def ring(self, queues: object) -> None:
        raise NotImplementedError


def _assert_begun(work: Work, count: int) -> None:
    assert len(work.begun) == count
