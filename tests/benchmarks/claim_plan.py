"""What a claim costs before 10,000, 100,000 and 1,000,000 ready jobs: `python -m tests.benchmarks.claim_plan [--json]`.

Each size has a database of its own on the same server, and rounds go from one to the next, so that what else the
machine does meets all. Claims are of ten jobs, over one direct connection; figures are medians over the rounds.
"""

import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack

import psycopg

from tests import databases
from tests.benchmarks import durable, figures
from tests.benchmarks.backlog import QUEUE, fill
from tests.benchmarks.figures import Figure, middle, p95, say

SIZES = (10_000, 100_000, 1_000_000)
CLAIM = "select jsonb_array_length(public.claim_jobs_v1(%s, 'bench', %s, %s) -> 'jobs')"
LIMIT = 10


def measure(rounds: int, claims: int) -> Mapping[str, Figure]:
    """Milliseconds of a claim before each size, and how much the largest costs over the smallest."""
    with ExitStack() as ends:
        server = ends.enter_context(databases.running_server(durable.SETTINGS))
        connections = {size: _filled(ends, server, size) for size in SIZES}
        taken: dict[int, list[list[float]]] = {size: [] for size in SIZES}
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            for size, connection in connections.items():
                taken[size].append([_claim(connection) for _ in range(claims)])
        result: dict[str, Figure] = {}
        for size in SIZES:
            result[f"claim_p50_ms_{size}"] = middle([middle(each) for each in taken[size]])
            result[f"claim_p95_ms_{size}"] = middle([p95(each) for each in taken[size]])
        result["ratio_p95_largest_vs_smallest"] = middle(
            [p95(large) / p95(small) for large, small in zip(taken[SIZES[-1]], taken[SIZES[0]], strict=True)]
        )
        result["sequential_scans"] = sum(_sequential_scans(connection) for connection in connections.values())
        return result


def _filled(ends: ExitStack, server: databases.Server, size: int) -> psycopg.Connection:
    say(f"making {size:,} jobs ...")
    made = ends.enter_context(server.database_from(databases.PROJECT_TEMPLATE))
    connection = ends.enter_context(psycopg.connect(made.admin_dsn, autocommit=True))
    connection.execute("update rivulet.queues set tenant_limit = 1000000")
    fill(connection, size, first_percent=10)  # so that no lane runs empty, which would make a claim smaller
    connection.execute("vacuum analyze rivulet.jobs, rivulet.lanes")
    for _ in range(10):
        _claim(connection)
    connection.execute("select pg_stat_reset()")
    return connection


def _claim(connection: psycopg.Connection) -> float:
    start = time.perf_counter()
    rows = connection.execute(CLAIM, [QUEUE, LIMIT, uuid.uuid4()]).fetchall()
    taken = (time.perf_counter() - start) * 1000
    assert rows == [(LIMIT,)]
    return taken


def _sequential_scans(connection: psycopg.Connection) -> int:
    connection.execute("select pg_stat_force_next_flush()")
    [[scans]] = connection.execute(
        "select seq_scan from pg_stat_user_tables where relid = 'rivulet.jobs'::regclass"
    ).fetchall()
    return int(scans)


def main() -> None:
    """Measure and print."""
    parser = figures.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="of which the median counts (default: 7)")
    parser.add_argument("--claims", type=int, default=100, help="claims of each size in a round (default: 100)")
    given = parser.parse_args()
    aims = {"ratio_p95_largest_vs_smallest": "≤ 1.5", "sequential_scans": "0"}
    figures.show(measure(given.rounds, given.claims), aims, given.json)


if __name__ == "__main__":
    main()
