"""How long a newcomer waits behind a crowd: `python -m tests.benchmarks.fairness [--json]`.

100,000 jobs are ready, one of 200 tenants owns nine tenths of them, and a listener is busy with jobs of a tenth of a
second each. Then one tenant after the other comes for the first time, with one job. Times are the database's: from the
newcomer's row to its claim, which the listener starts at once.
"""

import random
import sys
import time
import uuid
from collections.abc import Mapping

import psycopg

from tests import databases
from tests.benchmarks import durable, figures
from tests.benchmarks.backlog import QUEUE, fill
from tests.benchmarks.course import Course
from tests.benchmarks.figures import Figure, middle, p95, say
from tests.waiting import eventually

AT_ONCE = "10"
JOB_SECONDS = "0.1"
WORKER = [sys.executable, "-m", "tests.benchmarks.contenders.rivulet", "job", AT_ONCE, "--seconds", JOB_SECONDS]
BIGGEST = uuid.UUID(int=1)
WAITED = """
select extract(epoch from claimed_at - created_at)::float from (
    select claimed_at, created_at from rivulet.jobs where id = %(job)s
    union all select claimed_at, created_at from rivulet.job_history where id = %(job)s) j
where claimed_at is not null
"""


def measure(jobs: int, newcomers: int) -> Mapping[str, Figure]:
    """Seconds, and the share of the biggest tenant in what was done meanwhile."""
    with durable.database() as database, durable.gateway(database) as url:
        course = Course(database, url)
        fill(course.connection, jobs)
        course.connection.execute("analyze rivulet.jobs, rivulet.lanes")
        with course.process(WORKER) as worker:
            worker.tell("go")
            eventually(lambda: _assert_busy(course.connection), within=30)
            waits = [_newcomer(database, number) for number in range(newcomers)]
        [[done, of_biggest]] = course.connection.execute(
            "select count(*), count(*) filter (where tenant_id = %s) from rivulet.job_history", [BIGGEST]
        ).fetchall()
        return {
            "ready_jobs": jobs,
            "newcomer_start_p50_s": middle(waits),
            "newcomer_start_p95_s": p95(waits),
            "newcomer_start_max_s": max(waits),
            "share_of_biggest_tenant": of_biggest / done,
            "jobs_done_meanwhile": done,
        }


def _newcomer(database: databases.Database, number: int) -> float:
    time.sleep(random.uniform(0.2, 0.6))
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        [[job]] = connection.execute(
            "select rivulet.enqueue(%s, %s, gen_random_uuid(), '{}', 'trace')", [QUEUE, uuid.uuid4()]
        ).fetchall()
        waited = eventually(lambda: _waited(connection, job), within=60)
        say(f"newcomer {number + 1}: {waited:.3f} s")
        return waited


def _waited(connection: psycopg.Connection, job: int) -> float:
    rows = connection.execute(WAITED, {"job": job}).fetchall()
    assert rows, "not yet claimed"
    return float(rows[0][0])


def _assert_busy(connection: psycopg.Connection) -> None:
    """Every lane was served before: one that was not would be a newcomer too."""
    assert connection.execute("select min(vtime) > 0 from rivulet.lanes").fetchall() == [(True,)]


def main() -> None:
    """Measure and print."""
    parser = figures.parser(__doc__)
    parser.add_argument("--jobs", type=int, default=100_000, help="ready jobs (default: 100000)")
    parser.add_argument("--newcomers", type=int, default=15, help="tenants that come (default: 15)")
    given = parser.parse_args()
    figures.show(measure(given.jobs, given.newcomers), {"newcomer_start_max_s": "≤ 1"}, given.json)


if __name__ == "__main__":
    main()
