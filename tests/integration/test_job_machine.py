"""A state machine over the real job functions, against a model in memory: any order of anything keeps the promises."""

import uuid
from collections import Counter

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.integration.engine import Engine, Row

QUEUE = "purge"  # its jobs have no effect but their own end
TENANTS = [uuid.UUID(int=n) for n in range(1, 4)]
GROUPS = ["river", "lake"]
TENANT_LIMIT = 2
MOST_CRASHES = 3


class JobMachine(RuleBasedStateMachine):
    """The model: which jobs live, in which order they came, who holds them, and how they ended."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.engine.all("truncate rivulet.jobs, rivulet.job_history, rivulet.lanes restart identity")
        self.engine.all("alter sequence rivulet.fences restart")
        self.engine.all("update rivulet.queues set tenant_limit = %s, max_attempts = 1000", TENANT_LIMIT)
        self.live: dict[int, tuple[uuid.UUID, str | None]] = {}  # in the order in which they came
        self.held: dict[int, Row] = {}
        self.lost: list[Row] = []  # claims that are over
        self.crashes: Counter[int] = Counter()
        self.ended: dict[int, str] = {}

    @initialize(groups=st.lists(st.none() | st.sampled_from(GROUPS), min_size=8, max_size=8))
    def begin(self, groups: list[str | None]) -> None:
        assert self.engine.claim(QUEUE) == []
        for number, group in enumerate(groups):
            self.enqueue(TENANTS[number % len(TENANTS)], group, 1)

    @rule(tenant=st.sampled_from(TENANTS), group=st.none() | st.sampled_from(GROUPS), amount=st.integers(1, 3))
    def enqueue(self, tenant: uuid.UUID, group: str | None, amount: int) -> None:
        for _ in range(amount):
            job = self.engine.one(
                "select rivulet.enqueue(%s, %s, %s, '{}', 'trace', %s)", QUEUE, tenant, uuid.uuid4(), group
            )
            self.live[job] = (tenant, group)

    @rule(limit=st.integers(1, 5), twice=st.booleans())
    def claim(self, limit: int, twice: bool) -> None:
        request = uuid.uuid4()
        jobs = self.engine.claim(QUEUE, limit, request)
        if twice and jobs:
            assert [job["fence"] for job in self.engine.claim(QUEUE, limit, request)] == [job["fence"] for job in jobs]
        assert len(jobs) == min(limit, self._claimable()) or self._spread_thin(jobs)
        assert len(jobs) == 1 or not any(self.crashes[job["id"]] == MOST_CRASHES - 1 for job in jobs)
        assert all(job["alone"] == (self.crashes[job["id"]] == MOST_CRASHES - 1) for job in jobs)
        earlier = [claim["fence"] for claim in [*self.lost, *self.held.values()]]
        for job in jobs:
            assert job["id"] in self.live
            assert job["id"] not in self.held
            assert job["id"] == self._head_of_group(job["id"])
            assert all(job["fence"] > fence for fence in earlier)
        self.held |= {job["id"]: job for job in jobs}

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def complete(self, data: st.DataObject) -> None:
        job = self._pick(data)
        assert self.engine.complete(job) == ["done"]
        assert self.engine.complete(job) == ["already"]
        self._end(job["id"], "done")

    @precondition(lambda self: len(self.held) > 1)
    @rule(data=st.data())
    def complete_together(self, data: st.DataObject) -> None:
        jobs = list(self.held.values())
        lost = data.draw(st.lists(st.sampled_from(self.lost), max_size=2)) if self.lost else []
        assert self.engine.complete(*jobs, *lost) == ["done"] * len(jobs) + ["stale"] * len(lost)
        assert self.engine.complete(*jobs) == ["already"] * len(jobs)
        for job in jobs:
            self._end(job["id"], "done")

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def fail_for_good(self, data: st.DataObject) -> None:
        job = self._pick(data)
        assert self.engine.fail(job, "permanent") == "dead"
        self._end(job["id"], "dead")

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def fail_for_now(self, data: st.DataObject) -> None:
        job = self._pick(data)
        assert self.engine.fail(job, "transient") == "retry"
        self.engine.all("update rivulet.jobs set run_at = clock_timestamp() where state = 'delayed'")
        self.lost.append(self.held.pop(job["id"]))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        job = self._pick(data)
        name = f'[{{"id": {job["id"]}, "fence": {job["fence"]}}}]'
        assert self.engine.one("select public.release_jobs_v1(%s)", name) == 1
        self.lost.append(self.held.pop(job["id"]))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        job = self._pick(data)
        self.engine.all(
            "update rivulet.jobs set lease_until = clock_timestamp() - interval '1 s' where id = %s", job["id"]
        )
        assert self.engine.sweep()["swept"] == 1
        self.crashes[job["id"]] += 1
        if self.crashes[job["id"]] == MOST_CRASHES:
            self._end(job["id"], "dead")
        else:
            self.lost.append(self.held.pop(job["id"]))

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(sorted(self.live)))
        assert self.engine.one("select public.cancel_job_v1(%s)", job)["status"] == "cancelled"
        if job in self.held:
            held = self.held[job]
            assert self.engine.act("fail_job_v1", held, "cancelled", "code", "message", 0) == "cancelled"
        self._end(job, "cancelled")

    @precondition(lambda self: self.lost)
    @rule(data=st.data(), write=st.sampled_from(["complete", "fail", "release", "beat"]))
    def write_with_a_claim_that_is_over(self, data: st.DataObject, write: str) -> None:
        job = data.draw(st.sampled_from(self.lost))
        name = f'[{{"id": {job["id"]}, "fence": {job["fence"]}}}]'
        match write:
            case "complete":
                assert self.engine.complete(job) == ["stale"]
            case "fail":
                assert self.engine.fail(job) == "stale"
            case "release":
                assert self.engine.one("select public.release_jobs_v1(%s)", name) == 0
            case "beat":
                assert self.engine.one("select public.heartbeat_jobs_v1(%s)", name)[0]["status"] == "lost"

    @invariant()
    def every_job_is_somewhere_exactly_once(self) -> None:
        rows = self.engine.all("select id, state::text, fence from rivulet.jobs")
        assert {row[0] for row in rows} == set(self.live)
        assert {row[0]: row[2] for row in rows if row[1] == "running"} == {
            job: claim["fence"] for job, claim in self.held.items()
        }
        history = self.engine.all("select id, outcome::text from rivulet.job_history")
        assert sorted(history) == sorted(self.ended.items())

    @invariant()
    def lanes_count_what_runs_and_keep_their_limit(self) -> None:
        running = Counter(self.live[job][0] for job in self.held)
        for tenant, counted in self.engine.all("select tenant_id, running from rivulet.lanes"):
            assert counted == running[tenant] <= TENANT_LIMIT

    @invariant()
    def a_group_has_one_active_job_and_it_is_the_oldest(self) -> None:
        for group, jobs in self.engine.all(
            "select group_key, array_agg(id) from rivulet.jobs"
            " where group_key is not null and state <> 'waiting' group by 1"
        ):
            assert jobs == [min(job for job, (_, key) in self.live.items() if key == group)]

    def _pick(self, data: st.DataObject) -> Row:
        return self.held[data.draw(st.sampled_from(sorted(self.held)))]

    def _end(self, job: int, outcome: str) -> None:
        if job in self.held:
            self.lost.append(self.held.pop(job))
        self.ended[job] = outcome
        self.lost = [claim for claim in self.lost if outcome != "done" or claim["id"] != job]
        del self.live[job]

    def _head_of_group(self, job: int) -> int:
        group = self.live[job][1]
        return job if group is None else min(other for other, (_, key) in self.live.items() if key == group)

    def _claimable(self) -> int:
        running = Counter(self.live[job][0] for job in self.held)
        ready = Counter(
            self.live[job][0] for job in self.live if job not in self.held and self._head_of_group(job) == job
        )
        return sum(min(ready[tenant], TENANT_LIMIT - running[tenant]) for tenant in ready)

    def _spread_thin(self, jobs: list[Row]) -> bool:
        """A claim gives each lane its share of the limit; a lane with less than its share leaves room, and so does one
        whose next job has to be alone. It never gives nothing while there is something."""
        return 0 < len(jobs) < self._claimable()


def explore(engine: Engine, examples: int) -> None:
    machine = type("BoundJobMachine", (JobMachine,), {"engine": engine})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


def test_any_order_of_anything_keeps_the_promises(engine: Engine) -> None:
    explore(engine, examples=25)


MECHANISMS = {
    "the fence": (
        "rivulet.take(bigint, bigint)",
        "id = p_job and fence = p_fence and state = 'running'",
        "id = p_job and state = 'running'",
    ),
    "the fence of ends that come together": ("public.complete_jobs_v1(jsonb)", "j.fence = a.fence", "true"),
    "the fence of a heartbeat": ("public.heartbeat_jobs_v1(jsonb, integer)", "using (id, fence)", "using (id)"),
    "the last chance": ("rivulet.on_last_chance(rivulet.jobs)", "crash_count >= 2", "crash_count >= 3"),
    "being alone": (
        "rivulet.claim_from_lanes(text, text, integer, uuid, interval)",
        "exit when v_alone = 1 and v_taken = 1;",
        "",
    ),
    "the lane's count": ("rivulet.leave_lane(rivulet.jobs)", "running - 1", "running"),
    "promotion": (
        "rivulet.finish(rivulet.jobs,rivulet.job_outcome,jsonb,text,text)",
        "state = 'ready'",
        "state = state",
    ),
}


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_machine_notices_when_a_mechanism_is_taken_out(engine: Engine, mechanism: str) -> None:
    function, present, absent = MECHANISMS[mechanism]
    definition = engine.one("select pg_get_functiondef(%s::regprocedure)", function)
    assert present in definition
    engine.all(definition.replace(present, absent).replace("%", "%%"))

    with pytest.raises((AssertionError, IndexError, psycopg.Error)):
        explore(engine, examples=100)
