"""The processes of the local stack, and what they use."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import psutil

from infra.local import record, state


@dataclass(frozen=True)
class Memory:
    """Bytes: resident, and with shared pages counted once where the system tells (Linux)."""

    resident: int
    proportional: int | None


def cpu_percent(seconds: float) -> float:
    """The processor time that all processes together use in a while, in percent of one core."""
    before = _times()
    time.sleep(seconds)
    after = _times()
    return 100 * sum(spent - before.get(pid, 0.0) for pid, spent in after.items()) / seconds


def memory() -> Memory:
    """The memory of all processes together."""
    resident, proportional = 0, 0
    for process in _all():
        with suppress(psutil.NoSuchProcess):
            found = process.memory_full_info()
            resident += found.rss
            proportional += getattr(found, "pss", 0)
    return Memory(resident, proportional or None)


def _times() -> dict[int, float]:
    times = {}
    for process in _all():
        with suppress(psutil.NoSuchProcess):
            spent = process.cpu_times()
            times[process.pid] = spent.user + spent.system
    return times


def _all() -> Iterator[psutil.Process]:
    """The supervisor, the parts, and everything that they have started."""
    described = record.read(state.State(state.find_folder(os.environ)))
    if described is None:
        return
    found: dict[int, psutil.Process] = {}
    for known in (described.supervisor, *(part.process for part in described.parts.values())):
        process = known.process() if known is not None else None
        if process is not None:
            with suppress(psutil.NoSuchProcess):
                found |= {each.pid: each for each in (process, *process.children(recursive=True))}
    yield from found.values()
