"""Rows that were there before the watch: read in batches, beside writers, through crashes."""

import asyncio
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from functions.compose import handlers
from functions.effects.jobs_supabase import SupabaseJobs
from functions.effects.supabase import Supabase
from schema.jobs import Queue
from schema.settings import Settings
from tests.conftest import Gateway
from tests.integration.engine import Engine
from tests.integration.watched import Watched, ref, step, work


@pytest.fixture
def notes(engine: Engine) -> Watched:
    """A table of 1,200 rows that has just begun to be watched."""
    engine.all("create table public.notes (id int primary key, name text, body text)")
    engine.all("insert into public.notes select n, 'Note ' || n, 'Body ' || n from generate_series(1, 1200) n")
    return Watched(engine, "public.notes", "name", ["body"])


@contextmanager
def writer(engine: Engine, isolation: str = "read committed") -> Iterator[psycopg.Connection]:
    """A transaction of the integrator's, left open; it may wait for nobody longer than two seconds."""
    with psycopg.connect(engine.dsn) as connection:
        connection.execute(f"set transaction isolation level {isolation}".encode())
        connection.execute("set lock_timeout = '2s'")
        yield connection
        connection.rollback()


def ids(watched: Watched) -> set[str]:
    return set(watched.documents())


def everything(*, without: int = 0) -> set[str]:
    return {ref(id=n) for n in range(1, 1201) if n != without}


def test_rows_that_were_there_become_documents_in_batches(engine: Engine, notes: Watched) -> None:
    seen = []
    while step(engine):
        seen.append(engine.all("select state, rows_done from public.watches")[0])
        assert seen[-1][1] == min(seen[-1][1], len(notes.documents()))

    assert seen[-1] == ("following", 1200)
    batches = [after[1] - before[1] for before, after in zip([("", 0), *seen], seen, strict=False)]
    assert max(batches) <= 500
    assert ids(notes) == everything()
    assert notes.documents()[ref(id=7)] == ("Note 7", "Body 7")


def test_a_crash_in_the_middle_goes_on_where_it_was(engine: Engine, notes: Watched) -> None:
    step(engine)
    done = engine.one("select rows_done from public.watches")
    assert 0 < done < 1200
    lost = engine.claim_one("backfill")
    engine.expire_leases()
    engine.sweep()

    step(engine)

    assert engine.act("complete_backfill_v1", lost) == "stale"
    assert done < engine.one("select rows_done from public.watches")
    work(engine)
    assert engine.all("select state, rows_done from public.watches") == [("following", 1200)]
    assert ids(notes) == everything()


def test_a_batch_that_is_rolled_back_leaves_nothing(engine: Engine, notes: Watched) -> None:
    job = engine.claim_one("backfill")
    with psycopg.connect(engine.dsn) as connection:
        connection.execute("select public.complete_backfill_v1(%s, %s)", [job["id"], job["fence"]])
        connection.rollback()
    assert notes.documents() == {}
    assert engine.act("complete_backfill_v1", job) == "done"
    assert len(notes.documents()) == engine.one("select rows_done from public.watches")


def test_writers_do_not_wait_for_a_batch_elsewhere_nor_it_for_them(engine: Engine, notes: Watched) -> None:
    job = engine.claim_one("backfill")
    with writer(engine) as held, psycopg.connect(engine.dsn) as batch:
        held.execute("update public.notes set body = 'held' where id = 3")
        batch.execute("set statement_timeout = '10s'")
        batch.execute("select public.complete_backfill_v1(%s, %s)", [job["id"], job["fence"]])
        with writer(engine) as other:
            other.execute("update public.notes set body = 'new' where id = 1100")
            other.execute("insert into public.notes values (0, 'before', 'all'), (9999, 'after', 'all')")
            other.execute("delete from public.notes where id = 1101")
            other.commit()
        batch.commit()
        assert ref(id=3) not in ids(notes)
        held.commit()
    work(engine)
    documents = notes.documents()
    assert documents[ref(id=3)] == ("Note 3", "held")
    assert documents[ref(id=1100)] == ("Note 1100", "new")
    assert set(documents) == everything(without=1101) | {ref(id=0), ref(id=9999)}


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_rows_being_written_are_looked_at_again(engine: Engine, notes: Watched, ending: str) -> None:
    with writer(engine) as held:
        held.execute("update public.notes set body = 'held' where id = 1")
        held.execute("update public.notes set body = '' where id = 2")
        held.execute("delete from public.notes where id = 3")
        held.execute("update public.notes set id = 5000 where id = 4")
        while notes.state() == "backfilling":
            step(engine)
        missing = {ref(id=n) for n in (1, 2, 3, 4)}
        assert ids(notes) == everything() - missing
        getattr(held, ending)()
    work(engine)

    if ending == "rollback":
        assert ids(notes) == everything()
        assert notes.documents()[ref(id=1)][1] == "Body 1"
    else:
        assert ids(notes) == everything() - missing | {ref(id=1), ref(id=5000)}
        assert notes.documents()[ref(id=1)][1] == "held"


def test_transactions_that_do_not_see_the_backfill_lose_nothing(engine: Engine, notes: Watched) -> None:
    with writer(engine, "repeatable read") as early:
        early.execute("select 1 from public.notes limit 1")
        while notes.state() == "backfilling":
            step(engine)
        early.execute("delete from public.notes where id = 1")
        early.execute("update public.notes set body = '' where id = 2")
        early.execute("update public.notes set body = 'new' where id = 3")
        early.execute("insert into public.notes values (0, 'zero', 'x')")
        early.commit()
    work(engine)
    assert ids(notes) == everything() - {ref(id=1), ref(id=2)} | {ref(id=0)}
    assert notes.documents()[ref(id=3)][1] == "new"


def test_transactions_older_than_the_watch_lose_nothing(engine: Engine) -> None:
    engine.all("create table public.notes (id int primary key, body text)")
    engine.all("insert into public.notes values (1, 'one'), (2, 'two')")
    with writer(engine, "serializable") as early:
        early.execute("select 1 from public.notes")
        notes = Watched(engine, "public.notes", "id", ["body"]).caught_up()
        early.execute("update public.notes set body = 'new' where id = 1")
        early.execute("truncate public.notes")
        early.execute("insert into public.notes values (3, 'three')")
        early.commit()
    work(engine)
    assert notes.documents() == {ref(id=3): ("3", "three")}


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_the_queue_fails_no_transaction_with_a_fixed_snapshot(engine: Engine, notes: Watched, isolation: str) -> None:
    work(engine)
    assert len(engine.claim("parse", 10_000)) == engine.one(
        "select tenant_limit from rivulet.queues where name = 'parse'"
    )
    engine.all("update rivulet.lanes set active = false")
    with writer(engine, isolation) as early:
        early.execute("select 1 from rivulet.lanes")
        engine.all("update rivulet.lanes set vtime = vtime + 1")
        early.execute("insert into public.notes values (5000, 'new', 'new')")
        early.execute("delete from public.notes where id = 1")
        early.commit()
    assert ids(notes) == everything(without=1) | {ref(id=5000)}


def test_writers_all_the_while(engine: Engine, notes: Watched) -> None:
    """Five people change everything while the rows are read; in the end the documents are what the rows are."""
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            with psycopg.connect(engine.dsn, autocommit=True) as connection:
                for n in range(number, 1201, 5):
                    match n % 4:
                        case 0:
                            connection.execute("delete from public.notes where id = %s", [n])
                        case 1:
                            connection.execute("update public.notes set body = body || '!' where id = %s", [n])
                        case 2:
                            connection.execute("update public.notes set id = id + 10000 where id = %s", [n])
                        case _:
                            connection.execute("insert into public.notes values (%s, 'more', 'new')", [n + 20000])
        except BaseException as failure:
            failures.append(failure)
            raise

    threads = [threading.Thread(target=write, args=[number]) for number in range(1, 6)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        step(engine)
    for thread in threads:
        thread.join()
    work(engine)

    assert failures == []
    rows = {ref(id=n): (name, body) for n, name, body in engine.all("select id, name, body from public.notes")}
    assert notes.documents() == rows
    assert len(rows) == 1200


def test_rows_that_came_and_went_unseen_are_found_by_a_resync(engine: Engine, notes: Watched) -> None:
    work(engine)
    engine.all("alter table public.notes disable trigger user")
    engine.all("delete from public.notes where id <= 600")
    engine.all("update public.notes set body = 'changed' where id = 700")
    engine.all("insert into public.notes values (5000, 'new', 'new')")
    engine.all("alter table public.notes enable trigger user")
    assert engine.one("select rivulet.resync(%s)", notes.id)
    work(engine)
    assert ids(notes) == {ref(id=n) for n in range(601, 1201)} | {ref(id=5000)}
    assert notes.documents()[ref(id=700)][1] == "changed"
    assert engine.one("select version from public.documents where source_ref = %s", ref(id=701)) == 1


def test_a_backfill_that_fails_for_good_breaks_the_watch_and_can_be_repeated(engine: Engine, notes: Watched) -> None:
    engine.fail(engine.claim_one("backfill"), "permanent")
    state, message = engine.all("select state, error_message from public.watches")[0]
    assert (state, "It broke." in message) == ("broken", True)
    engine.all("insert into public.notes values (5000, 'new', 'new')")
    assert notes.documents() == {}

    assert engine.one("select rivulet.resync(%s)", notes.id)
    assert ids(notes.caught_up()) == everything() | {ref(id=5000)}


def test_a_lost_job_is_made_again(engine: Engine, notes: Watched) -> None:
    engine.one("select public.cancel_job_v1(%s)", engine.one("select id from rivulet.jobs where queue = 'backfill'"))
    assert engine.claim("backfill") == []
    engine.sweep()
    assert ids(notes.caught_up()) == everything()


def test_a_listener_does_it_over_the_data_api(engine: Engine, gateway: Gateway, notes: Watched) -> None:
    settings = Settings.from_env({
        "SUPABASE_URL": gateway.url, "SUPABASE_SECRET_KEY": gateway.database.secret_key, "CHROMA_URL": "http://127.0.0.1:1",
        "REDIS_URL": "redis://127.0.0.1:1", "TOGETHER_BASE_URL": "http://127.0.0.1:1/v1",
    })  # fmt: skip

    async def drain() -> None:
        supabase = Supabase(settings)
        jobs = SupabaseJobs(supabase)
        handler = handlers(settings, supabase, [Queue.BACKFILL])[Queue.BACKFILL]
        while batch := (await jobs.claim(Queue.BACKFILL, "tester", 1, uuid.uuid4())).jobs:
            await handler(batch[0])
        await supabase.close()

    asyncio.run(drain())
    assert notes.state() == "following"
    assert ids(notes) == everything()
