"""What operators see and do."""

import pytest

from tests.databases import Database
from tests.integration.engine import ANSWER, Engine, passage
from tests.integration.test_dead_rows import forgotten


def test_one_look_shows_queues_lanes_and_workers(engine: Engine) -> None:
    user = engine.person()
    engine.document(user)
    engine.document(user, title="Second")
    engine.claim("parse", 1)
    engine.all("select public.report_worker_v1('w1', '{parse,embed}', 4, 1, true)")

    found = engine.one("select public.engine_status_v1()")

    assert (found["queues"]["parse"]["ready"], found["queues"]["parse"]["running"]) == (1, 1)
    assert found["queues"]["respond"]["ready"] == 0
    assert [lane["tenant_id"] for lane in found["lanes"]] == [str(user)]
    [worker] = found["workers"]
    assert (worker["queues"], worker["running"], worker["hears"]) == (["parse", "embed"], 1, True)


def test_jobs_are_listed_and_shown_alive_and_ended(engine: Engine) -> None:
    engine.document(engine.person())
    [listed] = engine.one("select public.list_jobs_v1('parse', 'ready')")
    assert engine.one("select public.list_jobs_v1('parse', 'running')") == []
    assert engine.one("select public.show_job_v1(%s)", listed["id"])["state"] == "ready"

    engine.fail(engine.claim_one("parse"), "permanent")

    assert engine.one("select public.show_job_v1(%s)", listed["id"])["outcome"] == "dead"
    [dead] = engine.one("select public.list_dead_v1()")
    assert (dead["id"], dead["error_message"]) == (listed["id"], "It broke.")
    assert dead["about"] == "document Notes"
    assert engine.one("select public.show_job_v1(999999)") is None


def test_redrive_revives_each_dead_subject_once_and_is_recorded(engine: Engine) -> None:
    user = engine.person()
    document = engine.document(user)
    for _ in range(2):
        engine.fail(engine.claim_one("parse"), "permanent")
        assert engine.one("select public.redrive_jobs_v1('parse')") == 1
    assert engine.one("select public.redrive_jobs_v1('parse')") == 0  # under way

    engine.parse(["text"])
    engine.embed()
    assert engine.one("select public.redrive_jobs_v1('parse')") == 0  # came to a good end
    assert engine.status(document) == "ready"
    subjects = engine.all("select detail -> 'subjects' from rivulet.audit_log where action = 'redrive' order by id")
    assert subjects == [([str(document)],), ([str(document)],), ([],), ([],)]


def test_dead_jobs_are_listed_until_they_are_made_good(engine: Engine) -> None:
    """Once each, however often they died; neither while they have a new life nor when it ended well."""
    user = engine.person()
    engine.document(user)
    engine.fail(engine.claim_one("parse"), "permanent")
    engine.ask(engine.conversation(user))
    engine.fail(engine.claim_one("respond"), "permanent")
    dead = "select jsonb_array_length(public.list_dead_v1())"
    counted = "select public.engine_status_v1() -> 'queues' -> 'parse' -> 'dead'"
    assert (engine.one(dead), engine.one(counted)) == (2, 1)

    engine.one("select public.redrive_jobs_v1('parse')")
    assert (engine.one(dead), engine.one(counted)) == (1, 0)
    engine.fail(engine.claim_one("parse"), "permanent")
    assert (engine.one(dead), engine.one(counted)) == (2, 1)

    engine.one("select public.redrive_jobs_v1('parse')")
    engine.parse(["text"])
    engine.embed()
    assert [each["queue"] for each in engine.one("select public.list_dead_v1()")] == ["respond"]


def test_a_dead_answer_and_a_dead_purge_can_be_redriven(engine: Engine) -> None:
    user = engine.person()
    answer = engine.ask(engine.conversation(user))
    engine.fail(engine.claim_one("respond"), "permanent")
    engine.all("delete from public.documents where id = %s", engine.document(user))
    engine.fail(engine.claim_one("purge"), "permanent")

    assert engine.one("select public.redrive_jobs_v1('respond', %s)", answer) == 1
    assert engine.one("select public.redrive_jobs_v1('purge')") == 1

    assert engine.one("select status from public.messages where id = %s", answer) == "pending"
    assert len(engine.claim("respond")) == len(engine.claim("purge")) == 1


def test_what_an_operator_cancels_fails_and_can_be_tried_again(engine: Engine) -> None:
    """At once, whatever still runs; with all that makes the same version, and nothing besides."""
    user = engine.person()
    document = engine.ingest(user, ["old"])
    engine.all("update public.documents set content = 'new' where id = %s", document)
    running = engine.claim_one("parse")
    engine.act("start_parse_v1", running)
    engine.act("append_chunks_v1", running, [passage(n, str(n)) for n in range(4)], 1, 2)
    engine.claim_one("embed")
    engine.one("select rivulet.enqueue_purge(d, 2) from public.documents d")

    assert engine.one("select public.cancel_job_v1(%s)", running["id"]) == {"status": "cancelled", "jobs": 3}

    told = engine.all("select status, error_code, error_message from public.documents")
    assert told == [("failed", "cancelled", "An operator stopped this. It can be tried again.")]
    assert engine.act("complete_parse_v1", running, 1, "text/plain", None) == "superseded"
    engine.expire_leases()
    engine.sweep()
    assert engine.all("select queue from rivulet.jobs") == [("purge",)]
    assert engine.one("select rivulet.restart_document(%s)", document)
    engine.parse(["newer"])
    engine.embed()
    assert engine.status(document) == "ready"


def test_a_job_of_a_version_that_was_replaced_is_cancelled_alone(engine: Engine) -> None:
    document = engine.document(engine.person())
    old = engine.claim_one("parse")
    engine.all("update public.documents set content = 'new' where id = %s", document)

    assert engine.one("select public.cancel_job_v1(%s) -> 'jobs'", old["id"]) == 1

    assert engine.status(document) == "queued"
    engine.parse(["new"])


@pytest.mark.parametrize("begun", [False, True])
def test_an_answer_that_an_operator_cancels_is_stopped_and_the_next_goes_on(engine: Engine, begun: bool) -> None:
    conversation = engine.conversation(engine.person())
    answer, following = engine.ask(conversation), engine.ask(conversation)
    jobs = engine.claim("respond") if begun else engine.one("select public.list_jobs_v1('respond', 'ready')")
    [job] = jobs
    if begun:
        engine.act("start_respond_v1", job)

    assert engine.one("select public.cancel_job_v1(%s) -> 'jobs'", job["id"]) == 1

    assert engine.one("select status from public.messages where id = %s", answer) == "cancelled"
    if begun:
        assert engine.act("complete_respond_v1", job, ANSWER) == "cancelled"
        assert engine.all("select status, content from public.messages where id = %s", answer) == [
            ("cancelled", ANSWER["content"])
        ]
    assert engine.claim_one("respond")["subject_id"] == str(following)


def test_a_wrong_count_of_a_lane_is_put_right(engine: Engine) -> None:
    user = engine.person()
    engine.document(user)
    engine.claim("parse")
    engine.all("update rivulet.lanes set running = 3")

    engine.sweep()

    assert engine.running("parse", user) == 1


def test_history_is_dropped_by_the_day(engine: Engine) -> None:
    engine.all(
        "create table rivulet.job_history_2020_01_01 partition of rivulet.job_history"
        " for values from ('2020-01-01') to ('2020-01-02')"
    )
    engine.document(engine.person())
    engine.fail(engine.claim_one("parse"), "permanent")

    assert engine.one("select public.drop_history_v1(30)") == 1

    assert engine.one("select to_regclass('rivulet.job_history_2020_01_01')") is None
    assert len(engine.one("select public.list_dead_v1()")) == 1


def test_who_reads_the_history_and_is_not_done_holds_up_nobody(engine: Engine, database: Database) -> None:
    engine.all(
        "create table rivulet.job_history_2020_01_01 partition of rivulet.job_history"
        " for values from ('2020-01-01') to ('2020-01-02')"
    )
    [(tomorrow,)] = engine.all(
        "select 'job_history_' || to_char(now() at time zone 'UTC' + interval '1 day', 'YYYY_MM_DD')"
    )
    engine.all(f"drop table rivulet.{tomorrow}")
    engine.all("set lock_timeout = '2s'")
    with forgotten(database, "select from rivulet.job_history"):
        assert engine.sweep()["status"] == "done"
        assert engine.one("select public.drop_history_v1(30)") == 0

    engine.sweep()
    assert engine.one("select public.drop_history_v1(30)") == 1
    assert engine.one("select to_regclass('rivulet.' || %s)::text", tomorrow) == f"rivulet.{tomorrow}"


def test_work_goes_on_past_the_last_partition(engine: Engine) -> None:
    """A system that stood still for weeks has no partition for today; the default one takes the rows."""
    for (name,) in engine.all("select relname from pg_class where relname ~ '^job_history_\\d{4}' and relkind = 'r'"):
        engine.all(f"drop table rivulet.{name}")
    engine.document(engine.person())

    engine.fail(engine.claim_one("parse"), "permanent")

    assert len(engine.one("select public.list_dead_v1()")) == 1
    engine.sweep()
