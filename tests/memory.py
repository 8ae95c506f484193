"""Files of servers that last a test session: in memory, where there is room for them."""

import os
import shutil

SHARED_MEMORY = "/dev/shm"  # Linux keeps it in memory; elsewhere there is none
ROOM_BYTES = 4 << 30  # for all workers together: containers often have 64 MB


def folder() -> str | None:
    """Where to make folders for such files; None: where temporary files go.

    A database is made and dropped for each test, and that costs a busy disk ten times what it costs memory.
    """
    if not os.access(SHARED_MEMORY, os.W_OK):
        return None
    return SHARED_MEMORY if shutil.disk_usage(SHARED_MEMORY).free >= ROOM_BYTES else None
