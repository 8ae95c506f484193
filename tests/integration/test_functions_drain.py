"""`drain` as a process: who may ring, what a ring does, and what is left when the time is up or the process ends."""

import json
import time
import uuid

import httpx
import pytest

from schema.jobs import Queue
from tests.conftest import Gateway
from tests.integration.engine import Engine
from tests.integration.serverless import Functions, Served, signed
from tests.slow_model import SlowModel
from tests.waiting import eventually

Slow = tuple[SlowModel, str]
TEXT = "The weir at Marbruck was built in 1903 by Anton Falk."


def question(engine: Engine) -> uuid.UUID:
    """A question in a conversation of its own; the id of its answer."""
    return engine.ask(engine.conversation(engine.person()), "Who built the weir?")


def jobs(engine: Engine) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = engine.all("select state::text, attempt, crash_count from rivulet.jobs")
    return found


def errors(engine: Engine) -> list[tuple[str]]:
    """Why jobs that are still there were not done."""
    found: list[tuple[str]] = engine.all("select last_error from rivulet.jobs")
    return found


def wait_calls(model: SlowModel, number: int) -> None:
    eventually(lambda: _assert_equal(model.calls, number), 30)


def warm_up(engine: Engine, served: Served, model: SlowModel) -> None:
    """Have a question answered: after it everything is loaded, which may take as long as a whole drain."""
    model.goes_on.set()
    answer = question(engine)

    def answered() -> None:
        served.ring()
        _assert_status(engine, answer, "complete")

    eventually(answered, 60)
    engine.all("delete from rivulet.job_history")
    model.goes_on.clear()


def _assert_equal(found: object, expected: object) -> None:
    assert found == expected


def test_a_signed_ring_does_every_job_that_is_there(engine: Engine, functions: Functions, slow_model: Slow) -> None:
    slow_model[0].goes_on.set()
    user = engine.person()
    document = engine.document(user, content=TEXT)
    answer = engine.ask(engine.conversation(user), "Who built the weir?")
    served = functions.serve("drain")

    reply = served.ring({"queues": ["parse", "embed"]})

    assert reply.json() == {
        "status": "empty",
        "seconds": reply.json()["seconds"],
        "queues": {"parse": {"done": 1}, "embed": {"done": 1}},
    }
    assert engine.status(document) == "ready"
    idle: dict[str, dict[str, int]] = {queue.value: {} for queue in Queue}
    assert served.ring().json()["queues"] == idle | {"respond": {"done": 1}}
    assert engine.one("select status from public.messages where id = %s", answer) == "complete"
    assert engine.one("select count(*) from public.citations where message_id = %s", answer) == 1
    assert jobs(engine) == []


def test_a_ring_that_comes_again_does_nothing(engine: Engine, functions: Functions) -> None:
    served = functions.serve("drain")
    body = json.dumps({"queues": ["purge"]}).encode()
    headers = signed(body)
    first = httpx.post(served.url, content=body, headers=headers, timeout=60)
    engine.document(engine.person())

    again = httpx.post(served.url, content=body, headers=headers, timeout=60)

    assert (first.json()["status"], again.status_code, again.json()) == ("empty", 200, {"status": "repeated"})
    assert [state for state, _, _ in jobs(engine)] == ["ready"]
    assert engine.one("select count(*) from rivulet.inbox") == 1


def test_who_may_not_ring_is_told_why_and_nothing_happens(
    engine: Engine, functions: Functions, gateway: Gateway
) -> None:
    engine.document(engine.person())
    served = functions.serve("drain")

    def refused(headers: dict[str, str], body: bytes = b"{}") -> tuple[int, str]:
        reply = httpx.post(served.url, content=body, headers=headers, timeout=30)
        return reply.status_code, reply.json()["error"]

    assert refused({}) == (401, "not_authenticated")
    assert refused({"Authorization": "Bearer wrong"}) == (401, "not_authenticated")
    assert refused({"Authorization": f"Bearer {gateway.database.publishable_key}"}) == (401, "not_authenticated")
    assert refused(signed(b"{}", at=time.time() - 310)) == (401, "late")
    assert refused(signed(b"{}", at=time.time() + 310)) == (401, "late")
    assert refused(signed(b"{}", key=b"another key of thirty-two bytes!")) == (401, "bad_signature")
    assert refused(signed(b"{}"), b'{"queues": ["parse"]}') == (401, "bad_signature")
    assert refused(signed(b"{}") | {"webhook-id": "another"}) == (401, "bad_signature")
    assert refused(signed(b"{}") | {"webhook-timestamp": str(round(time.time()) + 1)}) == (401, "bad_signature")
    assert refused(signed(b"{}") | {"webhook-signature": "v1,"}) == (401, "bad_signature")
    assert [state for state, _, _ in jobs(engine)] == ["ready"]
    assert engine.one("select count(*) from rivulet.inbox") == 0


def test_a_request_that_makes_no_sense_is_explained(engine: Engine, functions: Functions, gateway: Gateway) -> None:
    served = functions.serve("drain")
    key = {"Authorization": f"Bearer {gateway.database.secret_key}"}

    def answered(body: bytes = b"", query: str = "") -> tuple[int, str]:
        reply = httpx.post(served.url + query, content=body, headers=key, timeout=30)
        return reply.status_code, reply.json()["error"]

    assert answered(b'{"queues": ["sing"]}') == (422, "invalid_request")
    assert answered(query="?queue=sing") == (422, "invalid_request")
    assert answered(query="?seconds=never") == (422, "invalid_request")
    assert answered(b'{"seconds": -1}') == (422, "invalid_request")
    assert answered(b"no json") == (422, "invalid_request")
    assert answered(b"x" * 200_000) == (413, "too_large")
    assert httpx.get(served.url, headers=key).status_code == 405


def test_a_scheduler_rings_with_the_secret_key(engine: Engine, functions: Functions, gateway: Gateway) -> None:
    document = engine.document(engine.person(), content=TEXT)
    served = functions.serve("drain", RIVULET_WEBHOOK_SECRET="")
    headers = {"Authorization": f"Bearer {gateway.database.secret_key}"}

    reply = httpx.post(served.url + "?queue=parse&queue=embed&seconds=40", headers=headers, timeout=60)

    assert (reply.json()["status"], engine.status(document)) == ("empty", "ready")
    assert httpx.post(served.url, headers=signed(b"")).status_code == 401  # there is no secret to sign with


def test_what_the_time_does_not_suffice_for_is_given_back(
    engine: Engine, functions: Functions, slow_model: Slow
) -> None:
    model, _ = slow_model
    served = functions.serve("drain", RIVULET_DRAIN_SECONDS="6")
    warm_up(engine, served, model)
    answers = [question(engine) for _ in range(6)]

    reply = served.ring({"queues": ["respond"], "seconds": 3600})

    assert reply.json()["status"] == "time_is_up"
    assert reply.json()["queues"] == {"respond": {"released": 4}}
    assert 6 <= reply.json()["seconds"] < 9
    assert jobs(engine) == [("ready", 0, 0)] * len(answers)
    assert engine.one("select sum(running) from rivulet.lanes") == 0
    eventually(lambda: _assert_equal(model.hang_ups, 4), 10)
    model.goes_on.set()
    served.ring({"queues": ["respond"]})
    assert engine.all("select attempt, outcome::text from rivulet.job_history") == [(1, "done")] * len(answers)


def test_a_caller_that_hangs_up_stops_nothing(engine: Engine, functions: Functions, slow_model: Slow) -> None:
    model, _ = slow_model
    answer = question(engine)
    served = functions.serve("drain")

    with pytest.raises(httpx.ReadTimeout):
        httpx.post(served.url, content=b"{}", headers=signed(b"{}"), timeout=2)
    wait_calls(model, 1)
    model.goes_on.set()

    eventually(lambda: _assert_status(engine, answer, "complete"), 20)
    assert model.calls == 1


def _assert_status(engine: Engine, answer: uuid.UUID, status: str) -> None:
    assert engine.one("select status from public.messages where id = %s", answer) == status


def test_a_ring_during_a_drain_is_heard_by_it(engine: Engine, functions: Functions, slow_model: Slow) -> None:
    model, _ = slow_model
    served = functions.serve("drain", RIVULET_DRAIN_CONCURRENCY="2")
    question(engine)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(served.url, content=b"{}", headers=signed(b"{}"), timeout=0.5)
    wait_calls(model, 1)
    question(engine)

    reply = served.ring()

    assert reply.json() == {"status": "draining"}
    wait_calls(model, 2)


def test_stopping_an_answer_reaches_a_function(engine: Engine, functions: Functions, slow_model: Slow) -> None:
    model, _ = slow_model
    answer = question(engine)
    served = functions.serve("drain")
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(served.url, content=b"{}", headers=signed(b"{}"), timeout=0.5)
    wait_calls(model, 1)

    engine.all("update public.messages set status = 'cancelled' where id = %s", answer)

    eventually(lambda: _assert_equal(model.hang_ups, 1), 6)
    eventually(lambda: _assert_equal(engine.all("select outcome::text from rivulet.job_history"), [("cancelled",)]), 6)


def test_a_function_that_has_to_end_gives_back_what_it_runs(
    engine: Engine, functions: Functions, slow_model: Slow
) -> None:
    model, _ = slow_model
    question(engine)
    served = functions.serve("drain")
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(served.url, content=b"{}", headers=signed(b"{}"), timeout=0.5)
    wait_calls(model, 1)

    served.process.terminate()

    assert served.process.wait(20) == 0
    assert jobs(engine) == [("ready", 0, 0)]
    assert model.hang_ups == 1


def test_a_vanished_worker_s_job_is_taken_back(engine: Engine, functions: Functions, slow_model: Slow) -> None:
    slow_model[0].goes_on.set()
    question(engine)
    engine.claim_one("respond")
    engine.expire_leases()

    reply = functions.serve("drain").ring()

    assert reply.json()["queues"]["respond"] == {"done": 1}, errors(engine)
    assert engine.all("select crash_count, outcome::text from rivulet.job_history") == [(1, "done")]


def test_without_the_database_a_ring_is_answered_503(functions: Functions, gateway: Gateway) -> None:
    served = functions.serve("drain", SUPABASE_URL="http://127.0.0.1:1")
    headers = {"Authorization": f"Bearer {gateway.database.secret_key}"}

    reply = httpx.post(served.url, headers=headers, timeout=60)

    assert (reply.status_code, reply.json()["error"]) == (503, "supabase_unreachable")
    assert reply.headers["retry-after"] == "5"


def test_a_missing_setting_ends_the_start_with_one_sentence(functions: Functions) -> None:
    with pytest.raises(RuntimeError, match=r"ended with 1:\nSUPABASE_URL is not set: [^\n]*\n$"):
        functions.serve("drain", SUPABASE_URL="")


def event(served: Served, name: str = "1") -> httpx.Response:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": name,
        "ce-source": "//storage.example.com/objects",
        "ce-type": "example.finalized",
        "content-type": "application/json",
    }
    return httpx.post(served.url, content=b'{"name": "x"}', headers=headers, timeout=60)


def test_a_cloud_event_rings_once(engine: Engine, functions: Functions, slow_model: Slow) -> None:
    slow_model[0].goes_on.set()
    served = functions.serve("drain_event", "--signature-type", "cloudevent", RIVULET_TRUST_EVENTS="true")
    question(engine)

    assert event(served).status_code == 200
    assert jobs(engine) == [], errors(engine)
    question(engine)
    assert event(served).status_code == 200
    assert len(jobs(engine)) == 1
    assert event(served, "2").status_code == 200
    assert jobs(engine) == []
    assert event(served, "x" * 501).status_code == 200  # it would be no better the next time


def test_events_are_refused_where_nobody_vouches_for_their_senders(engine: Engine, functions: Functions) -> None:
    served = functions.serve("drain_event")
    question(engine)

    assert event(served).status_code == 503
    assert len(jobs(engine)) == 1
    assert "RIVULET_TRUST_EVENTS is not set" in served.log.read_text()
