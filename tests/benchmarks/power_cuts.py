"""Ends servers that a benchmark runs as a power cut does; they come back as they were."""

import subprocess
from collections.abc import Callable, Mapping
from functools import partial

import psutil

# What their command lines say.
SERVERS: Mapping[str, str] = {
    "gateway": "infra.local.gateway",
    "chroma": "chromadb_rust_bindings",
    "redis": "redis-server",
}
BACKEND = "postgres: authenticator"


class PowerCuts:
    """Of the servers that are children of this process."""

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
        victim = _child(text)
        command, environment, folder = victim.cmdline(), victim.environ(), victim.cwd()
        victim.kill()
        victim.wait()
        self._restarted.append(
            subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )


def _crash_database() -> None:
    """PostgreSQL ends every connection and recovers from its log when one of its processes is killed."""
    _child(BACKEND).kill()


def _child(text: str) -> "psutil.Process":
    return next(each for each in psutil.Process().children(recursive=True) if text in " ".join(each.cmdline()))
