"""Ends what a killed supervisor left running."""

import os
import signal
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress

from infra.local.record import ProcessRecord, StackRecord

PATIENCE_SECONDS = 20.0
LOOK_AGAIN_SECONDS = 0.02


def end(described: StackRecord | None) -> None:
    """End every part of `described` that still runs, with all the processes it started.

    Processes are told by number and time of start, so that a stranger who got a number later is left alone.
    """
    left = {} if described is None else running(described)
    # What serves no port is a client of the rest, and ends faster while the rest still answers.
    clients = {name for name in left if described is not None and described.parts[name].port is None}
    _end_together({name: left[name] for name in clients})
    _end_together({name: left[name] for name in left.keys() - clients})


def _end_together(processes: Mapping[str, ProcessRecord]) -> None:
    for name, process in processes.items():
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    wait_until_gone(processes.values(), PATIENCE_SECONDS)
    for process in processes.values():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    wait_until_gone(processes.values(), PATIENCE_SECONDS)


def wait_until_gone(processes: Iterable[ProcessRecord], seconds: float) -> bool:
    """Wait until none of the processes runs; false when one still does after `seconds`.

    A process that ended counts as gone even if nobody has collected it: where there is no proper init, as in
    many containers, nobody ever does.
    """
    deadline = time.monotonic() + seconds
    left = list(processes)
    while left := [process for process in left if process.process() is not None]:
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_AGAIN_SECONDS)
    return True


def running(described: StackRecord) -> dict[str, ProcessRecord]:
    """The parts of `described` whose processes still run."""
    return {
        name: part.process
        for name, part in described.parts.items()
        if part.process is not None and part.process.process() is not None
    }
