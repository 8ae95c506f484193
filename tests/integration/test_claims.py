"""Claims, fences and leases: a stale worker changes nothing, a crash is counted, a lost reply is harmless."""

import uuid

import psycopg
import pytest

from tests.integration.engine import ANSWER, Engine

WRITES: dict[str, list[tuple[str, list[object]]]] = {
    "parse": [
        ("start_parse_v1", []),
        ("append_chunks_v1", [[], 1]),
        ("complete_parse_v1", [1, "text/plain", None]),
        ("fail_job_v1", ["transient", "code", "message"]),
    ],
    "embed": [("start_embed_v1", ["model"]), ("complete_embed_v1", [1])],
    "respond": [("start_respond_v1", []), ("save_draft_v1", ["text"]), ("complete_respond_v1", [ANSWER])],
    "purge": [("start_purge_v1", [])],
    "move": [
        ("start_move_v1", []),
        ("complete_build_v1", [None, 0, 0]),
        ("complete_check_v1", [{}, None]),
        ("complete_mend_v1", [0]),
    ],
    "backfill": [("complete_backfill_v1", [])],
}


def make_work(engine: Engine, queue: str) -> None:
    user = engine.person()
    match queue:
        case "parse":
            engine.document(user)
        case "embed":
            engine.document(user)
            engine.parse(["one passage"])
        case "respond":
            engine.ask(engine.conversation(user))
        case "purge":
            engine.all("delete from public.documents where id = %s", engine.document(user))
        case "move":
            library = engine.library(user)
            engine.all("update rivulet.placements set model = 'model' where library_id = %s", library)
            engine.one("select public.move_library_v1(%s, true)", library)
        case "backfill":
            engine.all("create table public.notes (id int primary key, body text)")
            engine.one("select rivulet.watch('public.notes', %s, 'id', array['body'])", engine.library(user))


@pytest.mark.parametrize(
    ("queue", "function", "values"), [(queue, *write) for queue, writes in WRITES.items() for write in writes]
)
def test_a_stale_fence_changes_nothing(engine: Engine, queue: str, function: str, values: list[object]) -> None:
    make_work(engine, queue)
    stale = engine.claim_one(queue)
    engine.expire_leases()
    engine.sweep()
    current = engine.claim_one(queue)
    assert current["id"] == stale["id"]
    assert current["fence"] > stale["fence"]
    before = engine.all("select * from public.documents"), engine.all("select * from public.messages order by id")

    assert engine.act(function, stale, *values) == "stale"

    after = engine.all("select * from public.documents"), engine.all("select * from public.messages order by id")
    assert after == before
    assert engine.one("select fence from rivulet.jobs where id = %s", current["id"]) == current["fence"]


def test_repeating_a_claim_request_gives_the_same_jobs(engine: Engine) -> None:
    user = engine.person()
    for _ in range(3):
        engine.document(user)
    request = uuid.uuid4()

    first = engine.claim("parse", 2, request)

    assert [job["fence"] for job in engine.claim("parse", 2, request)] == [job["fence"] for job in first]
    assert len(engine.claim("parse", 2)) == 1


def test_repeating_a_completion_is_answered_already_and_counts_once(engine: Engine) -> None:
    user = engine.person()
    document = engine.document(user)
    engine.parse(["one", "two", "three"])
    job = engine.claim_one("embed")

    assert engine.act("complete_embed_v1", job, 1) == "done"
    assert engine.act("complete_embed_v1", job, 1) == "already"

    assert engine.one("select chunks_done from rivulet.progress where document_id = %s", document) == 2
    assert engine.running("embed", user) == 0


def test_three_crashes_end_a_job_with_a_reason(engine: Engine) -> None:
    document = engine.document(engine.person())
    for _ in range(3):
        engine.claim_one("parse")
        engine.expire_leases()
        assert engine.sweep()["swept"] == 1

    assert engine.claim("parse") == []
    assert engine.status(document) == "failed"
    assert engine.one("select error_code from public.documents where id = %s", document) == "crashed"


def test_an_attempt_past_its_deadline_is_taken_back_however_well_it_beats(engine: Engine) -> None:
    engine.document(engine.person())
    job = engine.claim_one("parse")
    engine.all("update rivulet.jobs set deadline_at = clock_timestamp() - interval '1 s'")

    beats = engine.one("select public.heartbeat_jobs_v1(%s)", f'[{{"id": {job["id"]}, "fence": {job["fence"]}}}]')
    engine.sweep()

    assert beats == [{"id": job["id"], "status": "lost"}]
    assert engine.claim_one("parse")["fence"] > job["fence"]


def test_what_nobody_can_finish_in_time_fails_with_a_reason(engine: Engine) -> None:
    document = engine.document(engine.person())
    answer = engine.ask(engine.conversation(engine.person()))
    engine.all("update rivulet.jobs set expires_at = clock_timestamp() - interval '1 s'")

    engine.sweep()

    assert engine.status(document) == "failed"
    assert engine.all("select status, error_code from public.messages where id = %s", answer) == [("failed", "expired")]


def test_a_heartbeat_keeps_the_lease_and_tells_lost_from_held(engine: Engine) -> None:
    engine.document(engine.person())
    job = engine.claim("parse", lease=1)[0]
    held = f'{{"id": {job["id"]}, "fence": {job["fence"]}}}'
    other = f'{{"id": {job["id"]}, "fence": {job["fence"] - 1}}}'

    assert engine.one("select public.heartbeat_jobs_v1(%s)", f"[{held}]") == [{"id": job["id"], "status": "ok"}]
    assert engine.one("select public.heartbeat_jobs_v1(%s)", f"[{other}]") == [{"id": job["id"], "status": "lost"}]
    left = engine.one("select extract(epoch from lease_until - clock_timestamp()) from rivulet.jobs")
    assert left > 20


def test_a_transient_failure_waits_and_spends_an_attempt(engine: Engine) -> None:
    engine.document(engine.person())
    job = engine.claim_one("parse")

    assert engine.fail(job, "transient", retry_after=60) == "retry"

    assert engine.claim("parse") == []
    state, attempt, wait = engine.all(
        "select state, attempt, extract(epoch from run_at - clock_timestamp()) from rivulet.jobs"
    )[0]
    assert (state, attempt) == ("delayed", 1)
    assert wait > 50


def test_a_rate_limit_spends_no_attempt(engine: Engine) -> None:
    engine.document(engine.person())

    assert engine.fail(engine.claim_one("parse"), "rate_limited", retry_after=7) == "retry"

    assert engine.one("select attempt from rivulet.jobs") == 0


def test_a_delayed_job_is_claimed_when_its_time_has_come(engine: Engine) -> None:
    engine.document(engine.person())
    engine.fail(engine.claim_one("parse"), retry_after=60)
    engine.all("update rivulet.jobs set run_at = clock_timestamp()")

    assert engine.claim_one("parse")["attempt"] == 2


def test_the_last_attempt_fails_the_document_and_retry_works(engine: Engine) -> None:
    document = engine.document(engine.person())
    engine.all("update rivulet.queues set max_attempts = 1")

    assert engine.fail(engine.claim_one("parse")) == "dead"
    assert engine.status(document) == "failed"

    assert engine.one("select public.redrive_jobs_v1('parse')") == 1
    assert engine.status(document) == "queued"
    engine.parse(["text"])
    engine.embed()
    assert engine.status(document) == "ready"


def test_release_spends_no_attempt_and_makes_the_job_ready(engine: Engine) -> None:
    user = engine.person()
    engine.document(user)
    job = engine.claim_one("parse")

    assert engine.one("select public.release_jobs_v1(%s)", f'[{{"id": {job["id"]}, "fence": {job["fence"]}}}]') == 1

    assert engine.running("parse", user) == 0
    assert engine.claim_one("parse")["attempt"] == 1


def test_an_unknown_queue_is_named(engine: Engine) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="no queue named oops"):
        engine.claim("oops")
