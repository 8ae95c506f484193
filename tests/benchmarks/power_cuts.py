"""Ends servers that a benchmark runs as a power cut does; they come back as they were."""

import subprocess
from collections.abc import Callable, Mapping
from functools import partial

import psutil

from tests import serving

# What their command lines say.
SERVERS: Mapping[str, str] = {
    "gateway": "infra.local.gateway",
    "chroma": "chromadb_rust_bindings",
    "redis": "redis-server",
}
BACKEND = "postgres: authenticator"


class PowerCuts:
    """Of PostgreSQL, and of the servers that `serving` started."""

    def __init__(self) -> None:
        self._restarted: list[subprocess.Popen[bytes]] = []

    @property
    def by_name(self) -> Mapping[str, Callable[[], None]]:
        """How to end each of them."""
        return {"database": _crash_database} | {name: partial(self._cut, text) for name, text in SERVERS.items()}

    def end(self) -> None:
        """End what was started again."""
        for process in self._restarted:
            process.kill()
            process.wait()

    def _cut(self, text: str) -> None:
        run = next(run for run in serving.RUNS if text in " ".join(run.command))
        run.process.kill()
        run.process.wait()
        self._restarted.append(
            subprocess.Popen(run.command, env=run.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )


def _crash_database() -> None:
    """PostgreSQL ends every connection and recovers from its log when one of its processes is killed."""
    processes = psutil.Process().children(recursive=True)
    next(each for each in processes if BACKEND in " ".join(each.cmdline())).kill()
