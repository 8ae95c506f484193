"""One server and one gateway, on which contenders put and do jobs one after the other."""

import queue
import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from tests import databases
from tests.benchmarks import durable
from tests.waiting import eventually

PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Contender:
    """One way to do the jobs: commands that make the queue, enqueue and work, and what is true while a job is left."""

    name: str
    install: list[str] | None
    put: list[str]
    work: list[str]
    pending: str


class Process:
    """A process that speaks in lines (`contenders.signals`)."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        if self.line() != "ready":
            raise RuntimeError(f"{command[2:]} did not start:\n{self.complaint()}")

    def tell(self, text: str) -> None:
        """Send a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()

    def line(self) -> str:
        """The next line that it says; empty when it has ended."""
        try:
            return self._lines.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            raise RuntimeError(f"nothing was heard for {PATIENCE_SECONDS:.0f} s:\n{self.complaint()}") from None

    def ask(self, text: str) -> str:
        """Send a line and return the answer."""
        self.tell(text)
        return self.line()

    def complaint(self) -> str:
        """The end of its standard error."""
        self._errors.seek(0)
        return self._errors.read().decode()[-4000:]

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.strip())
        self._lines.put("")


class Course:
    """The database, the gateway before it, and the two measurements."""

    def __init__(self, database: databases.Database, url: str) -> None:
        self._environment = durable.worker_environment(database, url)
        self.connection = psycopg.connect(database.admin_dsn, autocommit=True)

    @contextmanager
    def process(self, command: list[str], tell_starts: bool = False) -> Iterator[Process]:
        """A process of a contender, ready to go."""
        process = Process(command, {**self._environment, "BENCH_TELL_STARTS": "1" if tell_starts else "0"})
        try:
            yield process
        finally:
            process.end()

    def install(self, contender: Contender) -> None:
        """Make the contender's queue."""
        if contender.install:
            subprocess.run(contender.install, env=self._environment, check=True)

    def throughput(self, contender: Contender, jobs: int) -> float:
        """Jobs per second, from the word go until none is unfinished."""
        with self.process(contender.put) as putter:
            putter.ask(str(jobs))
        self.connection.execute("checkpoint")
        with self.process(contender.work) as worker:
            worker.tell("go")
            start = time.perf_counter()
            self._wait_until_done(contender)
            return jobs / (time.perf_counter() - start)

    def pickups(self, contender: Contender, samples: int) -> list[float]:
        """Milliseconds from the call that enqueues a job to its start, one at a time; the first warms up."""
        taken = []
        with self.process(contender.put) as putter, self.process(contender.work, tell_starts=True) as worker:
            worker.tell("go")
            time.sleep(3.0)  # to subscribe
            for _ in range(samples + 1):
                began = float(putter.ask("1"))
                taken.append((float(worker.line()) - began) * 1000)
                time.sleep(random.uniform(0.2, 0.6))  # longer than the job, and out of step with every poll
        return taken[1:]

    def _wait_until_done(self, contender: Contender) -> None:
        def nothing_is_left() -> None:
            left = self.connection.execute(f"select {contender.pending}".encode()).fetchall()
            assert left != [(True,)], f"{contender.name} did not finish within {PATIENCE_SECONDS:.0f} s"

        eventually(nothing_is_left, within=PATIENCE_SECONDS)
