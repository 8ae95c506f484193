"""A short run of `python -m tests.chaos`: everything breaks once while a few events come in, and no promise does."""

from tests.chaos.monkey import Plan
from tests.chaos.run import run

PROMISES = ("lost", "duplicated", "out_of_order", "limit_violations", "stale_accepted")
FAULTS = ("kills", "zombies", "gateway_kills", "gateway_restarts", "postgres_kills", "postgres_restarts")


def test_no_promise_is_broken_while_everything_else_is() -> None:
    result = run(events=80, lease_seconds=2, workers=3, crashes=0, plan=Plan(0.4, 3.0, pace=0.06), seed=1)

    assert {promise: result[promise] for promise in PROMISES} == dict.fromkeys(PROMISES, 0)
    assert all(result.get(fault) for fault in (*FAULTS, "realtime_absences", "lost_replies")), result
