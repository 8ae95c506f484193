"""Files of servers that last a test session: in memory, where there is room for them."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

SHARED_MEMORY = Path("/dev/shm")  # Linux keeps it in memory; elsewhere there is none
ROOM_BYTES = 4 << 30  # for all workers together: containers often have 64 MB
PREFIX = "rivulet-test-"


@contextmanager
def folder() -> Iterator[Path | None]:
    """A folder for such files, removed afterwards; None: they go where temporary files go.

    A database is made and dropped for each test, and that costs a busy disk ten times what it costs memory.
    """
    if not os.access(SHARED_MEMORY, os.W_OK) or shutil.disk_usage(SHARED_MEMORY).free < ROOM_BYTES:
        yield None
        return
    _sweep()
    made = SHARED_MEMORY / f"{PREFIX}{os.getpid()}"
    made.mkdir()
    made.chmod(0o711)  # as root PostgreSQL runs as another user, who has to pass through
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _sweep() -> None:
    """Give back what sessions hold that were killed."""
    for left in SHARED_MEMORY.glob(f"{PREFIX}*"):
        owner = left.name.removeprefix(PREFIX)
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
