"""The engine's answers as tables."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group
from rich.table import Column, Table
from rich.text import Text

from infra.cli.console import counted, plain

Row = dict[str, Any]


def overview(found: Row) -> Group:
    """Queues, the fullest lanes and the workers."""
    return Group(_queues(found["queues"]), _lanes(found["lanes"]), _workers(found["workers"]))


def jobs(found: Sequence[Row]) -> Table:
    """Live jobs."""
    table = Table(Column("id", no_wrap=True), "queue", "state", "age", "attempt", "crashes", "worker", "last error")
    for job in found:
        counts = (str(job["attempt"]), str(job["crash_count"]))
        error = plain(job["last_error"] or "")
        table.add_row(
            str(job["id"]), job["queue"], job["state"], age(job["age_seconds"]), *counts, job["worker_id"] or "", error
        )
    return table


def dead(found: Sequence[Row]) -> Text:
    """Dead jobs, a block for each: nothing in it is cut, so that it can be copied into another command."""
    blocks = []
    for job in found:
        ended = str(job["finished_at"])[:19].replace("T", " ")
        about = plain(job["about"] or "something that is gone")
        blocks.append(
            f"job {job['id']}  {job['queue']}  {ended}  after {counted(job['attempt'], 'attempt')}\n"
            f"    {about}  (--subject {job['subject_id']})\n"
            f"    {plain(job['error_code'])}: {plain(job['error_message'])}"
        )
    return Text("\n".join(blocks) or "No job has failed for good.")


def age(seconds: float) -> str:
    """A duration at a glance, such as "4 s", "3 min" or "2 h"."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _queues(found: dict[str, Row]) -> Table:
    table = Table("queue", "ready", "oldest", "running", "delayed", "waiting", "done/min", "dead")
    for name, queue in sorted(found.items()):
        oldest = age(queue["oldest_ready_seconds"]) if queue["ready"] else ""
        counts = [str(queue[key]) for key in ("running", "delayed", "waiting", "done_last_minute", "dead")]
        table.add_row(name, str(queue["ready"]), oldest, *counts)
    return table


def _lanes(found: Sequence[Row]) -> Table:
    table = Table("lane", "tenant", "running", "limit")
    for lane in found:
        limit = "paused" if lane["paused"] else str(lane["max_running"])
        table.add_row(lane["queue"], lane["tenant_id"], str(lane["running"]), limit)
    return table


def _workers(found: Sequence[Row]) -> Table:
    table = Table("worker", "queues", "running", "of", "doorbell", "seen")
    for worker in found:
        bell = "hears" if worker["hears"] else "deaf, looks by timer"
        numbers = (str(worker["running"]), str(worker["concurrency"]))
        seen = f"{age(worker['seen_seconds_ago'])} ago"
        table.add_row(worker["worker_id"], ", ".join(worker["queues"]), *numbers, bell, seen)
    return table
