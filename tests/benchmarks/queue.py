"""Queues side by side, on one server, with the same no-op jobs: `python -m tests.benchmarks.queue [--json]`.

Every round drains as many jobs from each queue, one after the other, so that what else the machine does meets all. Time
runs from the word go to a worker that is already connected until the database holds no unfinished job. Pickup is the
time from the call that enqueues a single job, with nothing else to do, to the start of its handler.

Queues whose worker takes a batch size have it as large as ours; jobs that end one by one run ten at once.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.benchmarks import durable, figures
from tests.benchmarks.course import Contender, Course
from tests.benchmarks.figures import Figure, middle, p95, say

CONTENDERS = "tests.benchmarks.contenders."
BENCH_PYTHON = Path(sys.prefix) / "bench" / "bin" / "python"
BATCH = "100"
AT_ONCE = "10"
TENANTS = 200
DEAF_SAMPLES = 60
NOTIFIED = ("pgqueuer", "procrastinate")  # those that the database wakes, as the doorbell does

AIMS = {
    "ratio_batch_vs_pgqueuer": "≥ 1",
    "ratio_per_job_vs_procrastinate": "≥ 5",
    "idle_pickup_p95_ms": "≤ 50",
    "idle_pickup_p95_ms_doorbell_off": "≤ 1,500",
}


def rivulet(name: str, *work: str, tenants: int = 1) -> Contender:
    """Ours, in one of its ways."""
    command = [sys.executable, "-m", CONTENDERS + "rivulet"]
    pending = "exists (select from rivulet.jobs)"
    return Contender(f"rivulet_{name}", None, [*command, "put", str(tenants)], [*command, *work], pending)


def other(name: str, dsn: str, size: str, pending: str) -> Contender:
    """Another project's."""
    command = [str(BENCH_PYTHON), "-m", CONTENDERS + name]
    install, put, work = ([*command, action, dsn, size] for action in ("install", "put", "work"))
    return Contender(name, install, put, work, pending)


def contenders(dsn: str) -> list[Contender]:
    """Everything that can run here."""
    ours = [
        rivulet("batch", "batch", BATCH),
        rivulet("batch_direct", "batch", BATCH, "--direct"),
        rivulet("batch_200_tenants", "batch", BATCH, tenants=TENANTS),
        rivulet("per_job", "job", AT_ONCE),
        rivulet("per_job_direct", "job", AT_ONCE, "--direct"),
    ]
    if not BENCH_PYTHON.exists():
        say(f"The others are left out: {BENCH_PYTHON} does not exist. Make it with: make bench-setup")
        return ours
    return [
        *ours,
        other("pgqueuer", dsn, BATCH, "exists (select from pgqueuer)"),
        other(
            "procrastinate", dsn, AT_ONCE, "exists (select from procrastinate_jobs where status in ('todo', 'doing'))"
        ),
        other("pgmq", dsn, BATCH, "exists (select from pgmq.q_bench)"),
    ]


def measure(jobs: int, rounds: int, pickups: int) -> Mapping[str, Figure]:
    """All figures: jobs per second, ratios, and milliseconds."""
    with durable.database() as database, durable.gateway(database) as url:
        course = Course(database, url)
        course.connection.execute("update rivulet.queues set tenant_limit = 1000")
        found: dict[str, list[float]] = {}
        present = contenders(database.admin_dsn)
        for contender in present:
            course.install(contender)
        for number in range(rounds):
            for contender in present:
                found.setdefault(contender.name, []).append(course.throughput(contender, jobs))
                say(f"round {number + 1}: {contender.name} {found[contender.name][-1]:,.0f} jobs/s")
        result: dict[str, Figure] = {f"{name}_jobs_per_s": round(middle(rates)) for name, rates in found.items()}
        return result | _ratios(found) | _pickups(course, present, pickups)


def _ratios(found: Mapping[str, list[float]]) -> dict[str, Figure]:
    pairs = {
        "ratio_batch_vs_pgqueuer": ("rivulet_batch", "pgqueuer"),
        "ratio_per_job_vs_procrastinate": ("rivulet_per_job", "procrastinate"),
    }
    return {
        name: middle(found[ours]) / middle(found[theirs]) if theirs in found else None
        for name, (ours, theirs) in pairs.items()
    }


def _pickups(course: Course, present: Sequence[Contender], samples: int) -> dict[str, Figure]:
    kinds = {
        "idle_pickup_{}_ms": (rivulet("idle", "job", AT_ONCE), samples),
        "idle_pickup_{}_ms_doorbell_off": (rivulet("deaf", "job", AT_ONCE, "--deaf"), min(samples, DEAF_SAMPLES)),
    } | {f"{each.name}_pickup_{{}}_ms": (each, samples) for each in present if each.name in NOTIFIED}
    result: dict[str, Figure] = {}
    for name, (contender, times) in kinds.items():
        taken = course.pickups(contender, times)
        result |= {name.format("p50"): middle(taken), name.format("p95"): p95(taken)}
        say(f"pickup: {contender.name} p95 {p95(taken):,.1f} ms")
    return result


def main() -> None:
    """Measure and print."""
    parser = figures.parser(__doc__)
    parser.add_argument("--jobs", type=int, default=3000, help="jobs of a round (default: 3000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the median counts (default: 5)")
    parser.add_argument("--pickups", type=int, default=200, help="single jobs (default: 200)")
    given = parser.parse_args()
    figures.show(measure(given.jobs, given.rounds, given.pickups), AIMS, given.json)


if __name__ == "__main__":
    main()
