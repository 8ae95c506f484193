"""The promises rest on mechanisms: with one of them taken out, the test of its promise fails.

The fence, the count of a lane and the promotion of the next in line are taken out in `test_job_machine`.
"""

import pytest

from tests.integration import test_answers, test_order_and_fairness
from tests.integration.engine import Engine

CLAIM = "rivulet.claim_from_lanes(text,text,integer,uuid,interval)"
LOCK = "for update skip locked"
SEEN = "if v_lanes is null then return null; end if;"


def test_without_the_unique_index_a_second_answer_is_noticed(engine: Engine) -> None:
    engine.all("drop index public.messages_one_answer_each")

    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        test_answers.test_a_second_answer_to_one_question_is_impossible(engine)


def test_with_its_lock_a_lane_keeps_its_limit_however_long_a_claim_takes(engine: Engine) -> None:
    change(engine, CLAIM, SEEN, SEEN + " perform pg_sleep(0.05);")

    test_order_and_fairness.test_a_tenants_limit_is_exact_under_concurrent_claims(engine)


def test_without_its_lock_a_lane_does_not(engine: Engine) -> None:
    change(engine, CLAIM, SEEN, SEEN + " perform pg_sleep(0.05);")
    change(engine, CLAIM, LOCK, "")

    with pytest.raises(AssertionError):
        test_order_and_fairness.test_a_tenants_limit_is_exact_under_concurrent_claims(engine)


def change(engine: Engine, function: str, present: str, instead: str) -> None:
    """Define a function anew with one of its clauses replaced."""
    definition = engine.one("select pg_get_functiondef(%s::regprocedure)", function)
    assert present in definition
    engine.all(definition.replace(present, instead).replace("%", "%%"))
