"""Whether it stays as fast as it was: `python -m tests.benchmarks.soak --minutes N [--json]`.

Workers on direct connections claim ten jobs at a time and complete them one by one, as fast as they can, while a writer
keeps some hundred jobs of 50 tenants ready, and somebody sweeps as often as a listener does. After `--minutes` somebody
opens a transaction, writes a row and forgets about it for `--hold` minutes: no dead row can be cleaned up meanwhile. At
last a claim is compared before and behind a history of a million jobs.
"""

import json
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from statistics import mean
from typing import Any

import psycopg

from listeners.sweep import SWEEP_SECONDS
from tests.benchmarks import durable, figures
from tests.benchmarks.figures import Figure, middle, p95, say

QUEUE = "purge"
TENANTS = 50
WORKERS = 2
LIMIT = 10
BACKLOG = 500
WARM_UP_SECONDS = 20.0
SAMPLE_SECONDS = 1.0
ENQUEUE = """
select rivulet.enqueue('purge', lpad(to_hex(n %% %s), 32, '0')::uuid, gen_random_uuid(), '{}', 'trace')
from generate_series(1, %s) n
"""
HISTORY = """
insert into rivulet.job_history (id, queue, tenant_id, subject_id, outcome, attempt, crash_count, fence, payload,
                                 trace_id, created_at)
select -n, 'purge', lpad(to_hex(n %% 50), 32, '0')::uuid, gen_random_uuid(), 'done', 1, 0, -n, '{}', 'trace',
       clock_timestamp()
from generate_series(1, %s) n
"""


class Crew:
    """A writer and workers, each on a connection of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._done = [0] * WORKERS
        self._stopping = threading.Event()
        self._tasks: list[Future[None]] = []

    @contextmanager
    def working(self) -> Iterator[None]:
        """They work until the block ends."""
        with ThreadPoolExecutor(WORKERS + 2) as pool:
            workers = (pool.submit(self._work, number) for number in range(WORKERS))
            self._tasks = [pool.submit(self._write), pool.submit(self._sweep), *workers]
            try:
                yield
            finally:
                self._stopping.set()

    def rates(self, seconds: float) -> list[float]:
        """Jobs per second, sampled for a while."""
        found = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            before, start = sum(self._done), time.monotonic()
            time.sleep(SAMPLE_SECONDS)
            found.append((sum(self._done) - before) / (time.monotonic() - start))
            for task in self._tasks:
                if task.done():
                    task.result()
        return found

    def _write(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            written = 0
            while not self._stopping.is_set():
                if written - sum(self._done) < BACKLOG:
                    connection.execute(ENQUEUE, [TENANTS, BACKLOG])
                    written += BACKLOG
                self._stopping.wait(0.05)

    def _sweep(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while not self._stopping.wait(SWEEP_SECONDS):
                connection.execute("select public.sweep_jobs_v1()")

    def _work(self, number: int) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while not self._stopping.is_set():
                for job in claim(connection):
                    complete(connection, job)
                    self._done[number] += 1


def claim(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """Claim up to `LIMIT` jobs."""
    [[reply]] = connection.execute(
        "select public.claim_jobs_v1(%s, 'soak', %s, %s)", [QUEUE, LIMIT, uuid.uuid4()]
    ).fetchall()
    jobs: list[dict[str, Any]] = reply["jobs"]
    return jobs


def complete(connection: psycopg.Connection, job: dict[str, Any]) -> None:
    """End a job."""
    connection.execute("select public.complete_jobs_v1(%s)", [json.dumps([{"id": job["id"], "fence": job["fence"]}])])


def measure(minutes: float, hold_minutes: float, history: int) -> Mapping[str, Figure]:
    """Everything, one after the other, on one server."""
    with durable.database() as database, psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute("update rivulet.queues set tenant_limit = 1000")
        crew = Crew(database.owner_dsn)
        with crew.working():
            crew.rates(WARM_UP_SECONDS)
            say(f"steady for {minutes:g} minutes ...")
            steady = crew.rates(minutes * 60)
            result = _steady(steady) | _sizes(admin, "after_steady")
            say(f"a transaction is held open for {hold_minutes:g} minutes ...")
            with psycopg.connect(database.owner_dsn) as forgotten:
                forgotten.execute("insert into rivulet.audit_log (action, detail) values ('forgotten', '{}')")
                held = crew.rates(hold_minutes * 60)
                result |= _sizes(admin, "after_hold")
        result |= {"held_last_fifth_jobs_per_s": mean(_fifths(held)[-1])}
        result |= {"held_drop": 1 - mean(_fifths(held)[-1]) / mean(_fifths(steady)[-1])}
        admin.execute("vacuum analyze rivulet.jobs, rivulet.lanes")
        say(f"a history of {history:,} ...")
        return result | _history(admin, history)


def _steady(samples: Sequence[float]) -> dict[str, Figure]:
    fifths = _fifths(samples)
    return {
        "jobs_per_s": mean(samples),
        "first_fifth_jobs_per_s": mean(fifths[0]),
        "last_fifth_jobs_per_s": mean(fifths[-1]),
        "drift": 1 - mean(fifths[-1]) / mean(fifths[0]),
    }


def _fifths(samples: Sequence[float]) -> list[Sequence[float]]:
    size = max(len(samples) // 5, 1)
    return [samples[n * size : (n + 1) * size] for n in range(5)]


def _sizes(admin: psycopg.Connection, name: str) -> dict[str, Figure]:
    [[jobs, dead, lanes]] = admin.execute(
        "select pg_table_size('rivulet.jobs') / 1e6, (select sum(n_dead_tup) from pg_stat_user_tables"
        " where relname in ('jobs', 'lanes')), pg_table_size('rivulet.lanes') / 1e6"
    ).fetchall()
    return {f"jobs_mb_{name}": float(jobs), f"lanes_mb_{name}": float(lanes), f"dead_rows_{name}": int(dead)}


def _history(admin: psycopg.Connection, size: int) -> dict[str, Figure]:
    before = _turns(admin)
    admin.execute(HISTORY, [size])
    admin.execute("vacuum analyze rivulet.job_history")
    behind = _turns(admin)
    return {
        "turn_p50_ms_without_history": middle(before),
        "turn_p50_ms_behind_history": middle(behind),
        "ratio_turn_behind_history": p95(behind) / p95(before),
    }


def _turns(admin: psycopg.Connection, times: int = 300) -> list[float]:
    """Milliseconds that a claim of ten jobs takes together with the first of their completions."""
    taken = []
    for _ in range(times):
        admin.execute(ENQUEUE, [TENANTS, LIMIT])
        start = time.perf_counter()
        first, *others = claim(admin)
        complete(admin, first)
        taken.append((time.perf_counter() - start) * 1000)
        for job in others:
            complete(admin, job)
    return taken


def main() -> None:
    """Measure and print."""
    parser = figures.parser(__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="of steady work (default: 5)")
    parser.add_argument("--hold", type=float, help="minutes with a transaction held open (default: a third of those)")
    parser.add_argument("--history", type=int, default=1_000_000, help="jobs in the history (default: 1000000)")
    given = parser.parse_args()
    hold = given.minutes / 3 if given.hold is None else given.hold
    aims = {"drift": "≤ 0.1", "held_drop": "≤ 0.35", "ratio_turn_behind_history": "about 1"}
    figures.show(measure(given.minutes, hold, given.history), aims, given.json)


if __name__ == "__main__":
    main()
