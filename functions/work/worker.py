"""The name under which a process claims."""

import os
import socket
import uuid


def worker_name() -> str:
    """Unique for each start of a process: a reused name would inherit the leases of the dead."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
