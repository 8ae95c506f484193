"""The `rivulet` command as people run it: real processes on a state folder of their own."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest

from infra.local import ports
from infra.local.environment import USUAL_PORTS

COMMAND = [sys.executable, "-m", "infra.cli"]
COMMAND_SECONDS = 170.0
# What a developer's shell may hold and would lead the command elsewhere.
STRANGE_PREFIXES = ("SUPABASE_", "RIVULET_EMAIL", "RIVULET_PASSWORD")


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The last line of the output."""
        return json.loads(self.out.strip().splitlines()[-1])


@dataclass(frozen=True)
class Rivulet:
    """The command, with a state folder."""

    home: Path

    def run(self, *arguments: str, **variables: str) -> Ran:
        """Run to the end."""
        ended = subprocess.run(
            [*COMMAND, *arguments],
            env=self._environment(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        return Ran(ended.returncode, ended.stdout, ended.stderr)

    @contextmanager
    def running(self, output: IO[str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Run in the background; what it writes goes to `output`."""
        started = subprocess.Popen(
            [*COMMAND, *arguments],
            env=self._environment({}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield started
        finally:
            if started.poll() is None:
                started.send_signal(signal.SIGKILL)
            started.wait(timeout=10)

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(STRANGE_PREFIXES)}
        return {**kept, "RIVULET_HOME": str(self.home), **variables}


@pytest.fixture(scope="session")
def rivulet() -> Iterator[Rivulet]:
    """The command on a fresh state folder; whatever it started is stopped afterwards."""
    with tempfile.TemporaryDirectory(prefix="rivulet-test-") as name:
        Path(name).chmod(0o711)  # as root PostgreSQL runs as another user, who has to pass through
        command = Rivulet(Path(name))
        try:
            yield command
        finally:
            command.run("down")


@pytest.fixture(scope="session")
def demo(rivulet: Rivulet) -> Iterator[Ran]:
    """The whole demo from nothing, while another program has the usual port; its stack is left running."""
    with socket.socket() as occupant:
        occupant.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # somebody else has it already
            occupant.bind((ports.HOST, USUAL_PORTS["gateway"]))
            occupant.listen()
        yield rivulet.run("demo", "--json", "--keep")


@pytest.fixture(scope="session")
def stack(rivulet: Rivulet, demo: Ran) -> Rivulet:
    """The command with its stack up."""
    assert rivulet.run("status").code == 0, demo.out + demo.err
    return rivulet


@pytest.fixture(scope="session")
def settings(stack: Rivulet) -> dict[str, str]:
    """The settings of the running stack, as `rivulet env` tells them."""
    lines = stack.run("env").out.splitlines()
    return {name: value.strip("'") for name, _, value in (line[len("export ") :].partition("=") for line in lines)}
