"""One run: first crashes in calm, then everything at once, then silence, then the check."""

import random
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import median

import psycopg

from tests.chaos import history, stack
from tests.chaos.check import check
from tests.chaos.feed import Feed, Line
from tests.chaos.monkey import Monkey, Plan
from tests.chaos.stack import Stack
from tests.waiting import eventually

AUDIT = (Path(__file__).parent / "audit.sql").read_text()
SLOW = 6  # documents whose id leaves this remainder by 100 outlast the lease (`work`)
QUIET_SECONDS = 180.0

Figure = float | int | str | bool | None


def run(events: int, lease_seconds: int, workers: int, crashes: int, plan: Plan, seed: int) -> Mapping[str, Figure]:
    """Break everything while `events` come in, and say what came of it."""
    with stack.running(lease_seconds) as parts, parts.proxied() as proxy:
        with psycopg.connect(parts.database.admin_dsn, autocommit=True) as admin:
            admin.execute(AUDIT.encode())
        feed = Feed(parts.database.owner_dsn, seed)
        for _ in range(workers):
            parts.start_worker()
        recoveries = [_crash(parts, feed) for _ in range(crashes)]
        started = time.monotonic()
        monkey = Monkey(parts, proxy, plan, seed)
        monkey.start()
        try:
            for writer in feed.put(events, plan.pace):
                writer.join()
        finally:
            monkey.stop()
        seconds = time.monotonic() - started
        eventually(lambda: _assert_quiet(parts), within=QUIET_SECONDS)
        parts.stop_workers()
        return _judge(parts, feed, monkey, recoveries) | {
            "events": events,
            "events_per_s": events / seconds,
            "lease_s": lease_seconds,
        }


def _judge(parts: Stack, feed: Feed, monkey: Monkey, recoveries: list[float]) -> dict[str, Figure]:
    with psycopg.connect(parts.database.owner_dsn, autocommit=True) as connection:
        [[limit]] = connection.execute("select max(tenant_limit) from rivulet.queues").fetchall()
        found = history.read(connection, parts.notes, feed.questions, feed.uploads, limit)
        [[crashed]] = connection.execute(
            "select count(*) from rivulet.job_history where error_code = 'crashed'"
        ).fetchall()
    result: dict[str, Figure] = dict(asdict(check(found)))
    if recoveries:
        result |= {"recovery_s": max(recoveries), "recovery_median_s": median(recoveries)}
    result |= {f"jobs_{end}": sum(event.after == end for event in found.events) for end in ("done", "dead")}
    result |= {"dead_by_crashes": crashed, "stale_refused": sum(note.what == "stale" for note in found.notes)}
    return result | dict(sorted(monkey.counts.items()))


def _crash(parts: Stack, feed: Feed) -> float:
    """Kill a worker in the middle of a job; seconds until another runs that job."""
    document = uuid.UUID(int=random.getrandbits(128) // 100 * 100 + SLOW)
    line = Line(parts.database.owner_dsn)
    line.run(lambda connection: feed.upload(connection, random.choice(feed.people), document))
    feed.uploads.append(document)
    with psycopg.connect(parts.database.owner_dsn, autocommit=True) as connection:
        first = eventually(lambda: _runs_of(connection, document, 1)[0], within=30)
        [worker] = [each for each in parts.workers if f":{each.pid}:" in (first.worker or "")]
        time.sleep(random.uniform(0.0, parts.lease_seconds / 3))  # at any point between two heartbeats
        [[killed]] = connection.execute("select extract(epoch from clock_timestamp())::float").fetchall()
        parts.kill_worker(worker)
        second = eventually(lambda: _runs_of(connection, document, 2)[1], within=60)
    line.close()
    parts.start_worker()
    return second.at - float(killed)


def _runs_of(connection: psycopg.Connection, document: uuid.UUID, least: int) -> list[history.Event]:
    runs = [
        event
        for event in history.read_events(connection)
        if (event.subject, event.queue, event.after) == (document, "parse", "running")
    ]
    assert len(runs) >= least
    return runs


def _assert_quiet(parts: Stack) -> None:
    with psycopg.connect(parts.database.owner_dsn, autocommit=True) as connection:
        # Nobody waits for the backoff after the last fault.
        connection.execute("update rivulet.jobs set run_at = clock_timestamp() where state = 'delayed'")
        left = connection.execute("select queue, state::text, count(*) from rivulet.jobs group by 1, 2").fetchall()
    assert not left, f"unfinished: {left}\n{parts.complaints()}"
