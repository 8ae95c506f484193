"""Ends what a killed supervisor left running."""

import os
import signal
from contextlib import suppress

import psutil

from infra.local.record import StackRecord

PATIENCE_SECONDS = 20.0


def end(record: StackRecord | None) -> None:
    """End every part of `record` that still runs, with all the processes it started.

    Processes are told by number and time of start, so that a stranger who got a number later is left alone.
    """
    running = [] if record is None else _running(record)
    for name, process in running:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
    _, stubborn = psutil.wait_procs([process for _, process in running], timeout=PATIENCE_SECONDS)
    for _, process in running:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=PATIENCE_SECONDS)


def _running(record: StackRecord) -> list[tuple[str, psutil.Process]]:
    found = []
    for name, part in record.parts.items():
        process = part.process.process() if part.process is not None else None
        if process is not None:
            found.append((name, process))
    return found
