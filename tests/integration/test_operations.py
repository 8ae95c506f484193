"""What operators see and do."""

from tests.databases import Database
from tests.integration.engine import Engine
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
