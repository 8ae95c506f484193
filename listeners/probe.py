"""`python -m listeners.probe`: exit code 0 if the listener in this container is ready. For health checks of hosts.

HEALTH_PORT is the port that the listener was given.
"""

import os
import sys
from urllib.error import URLError
from urllib.request import urlopen

SECONDS = 4.0


def ready(port: int) -> bool:
    """Whether it says that it is."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=SECONDS) as reply:
            return bool(reply.status == 200)
    except (URLError, TimeoutError, ConnectionError):
        return False


if __name__ == "__main__":
    sys.exit(0 if ready(int(os.environ.get("HEALTH_PORT", "9090"))) else 1)
