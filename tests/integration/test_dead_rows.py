"""A transaction that somebody forgot keeps dead rows from being cleaned up; the queue gets rid of them all the same."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from infra.cli.backup.tables import snapshot
from infra.cli.errors import CommandError
from tests.databases import Database
from tests.integration.engine import Engine

DEAD = 12_000
CROWD = """
with crowd as (
    insert into rivulet.jobs (queue, tenant_id, subject_id, state, expires_at, trace_id)
    select 'embed', 'c0ffee00-0000-4000-8000-000000000000', gen_random_uuid(), 'ready', now(), 't'
    from generate_series(1, %s) returning id
) select max(id) from crowd
"""
EVERYTHING = "select to_jsonb(j) from rivulet.jobs j union all select to_jsonb(l) from rivulet.lanes l order by 1"


@contextmanager
def forgotten(database: Database, statement: str) -> Iterator[None]:
    """A transaction that goes on after the statement."""
    with psycopg.connect(database.owner_dsn) as connection:
        connection.execute(statement)
        yield


def leave_dead_rows(engine: Engine) -> None:
    engine.one(CROWD, DEAD)
    engine.connection.execute("delete from rivulet.jobs where trace_id = 't'")
    engine.connection.execute("select pg_stat_force_next_flush()")


def size(engine: Engine) -> int:
    return int(engine.one("select pg_relation_size('rivulet.jobs')"))


@pytest.fixture
def work(engine: Engine) -> Engine:
    """A running job, and others that wait."""
    user = engine.person()
    for _ in range(3):
        engine.document(user)
    return engine


def test_dead_rows_go_and_nothing_else_does(work: Engine, database: Database) -> None:
    [running] = work.claim("parse", 1, lease=600)
    with forgotten(database, "create temporary table mine (id integer)"):
        leave_dead_rows(work)
        before, large = work.all(EVERYTHING), size(work)

        work.sweep()

        assert size(work) < large / 10
        assert work.all(EVERYTHING) == before
    assert work.fail(running, "permanent") == "dead"
    assert work.claim_one("parse")["id"] > running["id"]
    newest = work.one("select max(id) from rivulet.jobs")
    work.document(work.person())
    assert work.one("select max(id) from rivulet.jobs") > newest


def test_whoever_has_used_the_queue_and_is_not_done_goes_first(work: Engine, database: Database) -> None:
    with forgotten(database, "select from rivulet.jobs"):
        leave_dead_rows(work)
        before, large = work.all(EVERYTHING), size(work)

        assert work.sweep()["status"] == "done"

        assert size(work) == large
        assert work.all(EVERYTHING) == before
    work.sweep()
    assert size(work) < large / 10


def test_a_backup_that_has_not_come_to_the_queue_yet_goes_first(work: Engine, database: Database) -> None:
    """Tables are saved one by one, the queue late; truncation would show an older snapshot an empty one."""
    with snapshot(database.owner_dsn) as backup:
        backup.execute("select from public.documents")
        before = work.all(EVERYTHING)
        leave_dead_rows(work)

        assert work.sweep()["status"] == "done"

        assert backup.execute(EVERYTHING).fetchall() == before


def test_a_database_that_is_not_ours_has_nothing_to_back_up(platform_database: Database) -> None:
    with pytest.raises(CommandError, match="lacks Rivulet's tables"), snapshot(platform_database.owner_dsn):
        pytest.fail("There is no queue.")
