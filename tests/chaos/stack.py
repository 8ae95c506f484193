"""The servers and workers of a run, and the ways in which they are broken."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from infra.local import ports, postgres
from tests import databases, serving
from tests.benchmarks import durable
from tests.chaos import proxy
from tests.waiting import eventually

HOUR = 3600
OFFSETS = (0, HOUR, -HOUR)  # of the workers' clocks
CONCURRENCY = 4

# Nothing here cuts the power, so the disk may be told late; but what is answered must outlive the server's processes.
SETTINGS: dict[str, str | int] = {**durable.SETTINGS, "fsync": "off", "synchronous_commit": "on"}


class Power:
    """Restarts PostgreSQL."""

    def __init__(self, cluster: postgres.Cluster) -> None:
        self._cluster = cluster
        self._process: subprocess.Popen[bytes] | None = None

    def cycle(self, hard: bool) -> None:
        """Stop PostgreSQL, without a checkpoint if `hard`, and start it again."""
        running = psutil.Process(int((self._cluster.data / "postmaster.pid").read_text().split("\n", 1)[0]))
        running.send_signal(signal.SIGQUIT if hard else signal.SIGINT)
        running.wait(30)
        self._forget()
        self._process = databases.launch(self._cluster, subprocess.DEVNULL)

    def off(self) -> None:
        """Stop the server, if it is one that was started here."""
        if self._process is not None:
            databases.stop(self._process)

    def _forget(self) -> None:
        if self._process is not None:
            self._process.wait()


class Stack:
    """The database, the gateway before it, and workers."""

    def __init__(self, power: Power, database: databases.Database, folder: Path, lease_seconds: int) -> None:
        self.database = database
        self.lease_seconds = lease_seconds
        self.notes = folder / "notes"
        self.notes.mkdir()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.power = power
        self._folder = folder
        self._port = ports.any_free()
        self._gateway: subprocess.Popen[bytes] | None = None
        self._started = 0
        self._lock = threading.Lock()

    def start_gateway(self) -> None:
        """Start the gateway and wait until it answers."""
        environment = durable.gateway_environment(self.database, self._port, str(self._folder / "storage"))
        self._gateway = subprocess.Popen(
            durable.gateway_command(), env={**os.environ, **environment}, stderr=subprocess.DEVNULL
        )
        eventually(self._assert_gateway_answers, within=30)

    def _assert_gateway_answers(self) -> None:
        assert serving.answers(f"http://{ports.HOST}:{self._port}/healthz")

    @contextmanager
    def proxied(self) -> Iterator[proxy.RunningProxy]:
        """A proxy before the gateway; workers are to be started while it runs."""
        with proxy.running(self._port) as running:
            self._url = running.url
            yield running

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start another worker; every third has the right time."""
        offset = OFFSETS[self._started % len(OFFSETS)]
        self._started += 1
        arguments = [str(self.notes), str(self.lease_seconds), str(offset), str(CONCURRENCY)]
        with (self._folder / "workers.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.worker", *arguments],
                env=durable.worker_environment(self.database, self._url),
                stderr=log,
            )
        with self._lock:
            self.workers.append(worker)
        return worker

    def kill_worker(self, worker: subprocess.Popen[bytes]) -> None:
        """As a power cut does."""
        with self._lock:
            self.workers.remove(worker)
        worker.kill()
        worker.wait()

    def restart_gateway(self, hard: bool) -> None:
        """End the gateway, at once or in order, and start it again."""
        self.stop_gateway(hard)
        self.start_gateway()

    def stop_gateway(self, hard: bool = False) -> None:
        """End the gateway."""
        if self._gateway is not None:
            self._gateway.send_signal(signal.SIGKILL if hard else signal.SIGTERM)
            self._gateway.wait(20)

    def stop_workers(self) -> None:
        """Kill what is left."""
        for worker in list(self.workers):
            worker.send_signal(signal.SIGCONT)
            self.kill_worker(worker)

    def complaints(self) -> str:
        """How the workers are, and the end of what they wrote to standard error."""
        ended = [worker.pid for worker in self.workers if worker.poll() is not None]
        return f"ended: {ended}\n" + (self._folder / "workers.log").read_text()[-4000:]


@contextmanager
def running(lease_seconds: int) -> Iterator[Stack]:
    """A stack without workers; everything that it started ends with the block."""
    with ExitStack() as ends:
        server = ends.enter_context(databases.running_server(SETTINGS))
        folder = Path(tempfile.mkdtemp(prefix="rivulet-chaos-"))
        ends.callback(shutil.rmtree, folder, ignore_errors=True)
        power = Power(server.cluster)
        ends.callback(power.off)  # after the database has been dropped
        database = ends.enter_context(server.database_from(databases.PROJECT_TEMPLATE))
        stack = Stack(power, database, folder, lease_seconds)
        ends.callback(stack.stop_gateway)
        stack.start_gateway()
        ends.callback(stack.stop_workers)
        yield stack
