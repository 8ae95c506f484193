"""Keeps one part running: starts it, watches it, starts it again when it fails, ends it on request."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

from infra.local import errors, logs, restart
from infra.local.part import Part
from infra.local.record import PartRecord, PartState, ProcessRecord

log = logging.getLogger(__name__)
STARTING_CHECK_SECONDS = 0.05


class Failure(Exception):
    """A part ended, never answered, or stopped answering; the text says which."""


class Keeper:
    """One part and the process that is it at the moment.

    `record` is what the outside sees; `changed` is called after every change of it. `first_ready` is done
    when the part has been ready once, and raises StackError when its start is hopeless.
    """

    def __init__(self, part: Part, log_file: Path, record: PartRecord, changed: Callable[[], None]) -> None:
        self.part = part
        self.record = record
        self.first_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Nobody may be left to ask when several parts fail at once.
        self.first_ready.add_done_callback(lambda future: future.cancelled() or future.exception())
        self.stopped = asyncio.Event()
        self.stopped.set()
        self._log_file = log_file
        self._changed = changed
        self._wanted = asyncio.Event()
        self._unwanted = asyncio.Event()
        self._failures = 0
        self._finished = False

    def want(self) -> None:
        """Have the part run from now on."""
        self._unwanted.clear()
        self.stopped.clear()
        self._wanted.set()

    def unwant(self) -> None:
        """Have the part stopped; `stopped` is set when its processes are gone."""
        self._wanted.clear()
        self._unwanted.set()

    async def run(self) -> None:
        """Do what is wanted until cancelled."""
        while True:
            await self._wanted.wait()
            while self._wanted.is_set():
                await self._live()
            self._failures = 0
            self._show("stopped", "")
            self.stopped.set()

    async def _live(self) -> None:
        """One life of the process, from its start to its end, and the pause before the next."""
        begun = time.monotonic()
        try:
            await self._start_and_watch()
        except (Failure, errors.StackError) as failure:
            self._failures = restart.failures_after(self._failures, time.monotonic() - begun)
            self._give_up_start(failure)
            delay = restart.delay_seconds(self._failures)
            log.warning("%s: %s; next start in %.1f s", self.part.name, failure, delay)
            self.record.restarts += 1
            self._show("restarting", str(failure))
            await _until_or_after(self._unwanted, delay)

    async def _start_and_watch(self) -> None:
        """Return when the part is no longer wanted; raise Failure when it failed."""
        begun = time.monotonic()
        self._show("starting", self.record.detail)
        if self.part.prepare is not None:
            await _in_thread(self.part.prepare)
        log_begin = logs.size(self._log_file)
        process = await self._spawn()
        self.record.process = ProcessRecord.of(process.pid)
        self._changed()
        try:
            await _first_of(self._unwanted.wait(), self._ended(process), self._watch(begun, log_begin))
        finally:
            await self._end(process)

    async def _spawn(self) -> asyncio.subprocess.Process:
        with self._log_file.open("ab") as output:
            try:
                return await asyncio.create_subprocess_exec(
                    *self.part.command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=asyncio.subprocess.STDOUT,
                    env=dict(self.part.environment),
                    cwd=self.part.folder,
                    start_new_session=True,
                    **self.part.owner,
                )
            except OSError as error:
                raise Failure(f"{self.part.command[0]} cannot be started: {error.strerror}") from error

    async def _ended(self, process: asyncio.subprocess.Process) -> None:
        raise Failure(f"it ended by itself with {_exit_words(await process.wait())}")

    async def _watch(self, begun: float, log_begin: int) -> None:
        """Wait until the part is ready, then for as long as it answers."""
        await self._until_ready(log_begin)
        if self.part.finish is not None and not self._finished:
            await _in_thread(self.part.finish)
            self._finished = True
        self.record.ready_after_ms = round((time.monotonic() - begun) * 1000)
        self._show("ready", "")
        if not self.first_ready.done():
            self.first_ready.set_result(None)
        await self._while_healthy()

    async def _until_ready(self, log_begin: int) -> None:
        deadline = time.monotonic() + self.part.start_seconds
        while not (self._announced(log_begin) and await self._healthy()):
            if time.monotonic() > deadline:
                raise Failure(f"it did not answer within {self.part.start_seconds:.0f} seconds of its start")
            await asyncio.sleep(STARTING_CHECK_SECONDS)

    async def _while_healthy(self) -> None:
        last_answer = time.monotonic()
        while True:
            await asyncio.sleep(restart.CHECK_INTERVAL_SECONDS)
            await asyncio.to_thread(logs.shorten, self._log_file)
            if await self._healthy():
                last_answer = time.monotonic()
                self._show("ready", "")
                continue
            silence = time.monotonic() - last_answer
            self._show("unhealthy", f"no answer for {silence:.0f} seconds")
            if silence > restart.UNHEALTHY_AFTER_SECONDS:
                raise Failure(f"it gave no answer for {silence:.0f} seconds")

    def _announced(self, log_begin: int) -> bool:
        text = self.part.ready_text
        return text is None or logs.contains(self._log_file, text, log_begin)

    async def _healthy(self) -> bool:
        return self.part.health is None or await self.part.health()

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """Ask the process to stop, then make sure that nothing of it is left."""
        if process.returncode is None:
            self._show("stopping", "")
            with suppress(ProcessLookupError):
                process.send_signal(self.part.stop_signal)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), self.part.stop_seconds)
        # The process leads a group of its own, with everything that it started.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        self.record.process = None

    def _give_up_start(self, failure: Exception) -> None:
        """Settle `first_ready` when the part cannot be expected to start any more."""
        hopeless = isinstance(failure, errors.StackError) or self._failures >= restart.START_ATTEMPTS
        if hopeless and not self.first_ready.done():
            shown = f"\n{logs.tail(self._log_file)}" if isinstance(failure, Failure) else ""
            cause = str(failure).rstrip(".")
            reason = f"{self.part.name} did not start: {cause}. Its log: {self._log_file}{shown}"
            self.first_ready.set_exception(errors.StackError(reason))

    def _show(self, state: PartState, detail: str) -> None:
        if (self.record.state, self.record.detail) != (state, detail):
            self.record.state, self.record.detail = state, detail
            self._changed()


def _exit_words(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


async def _in_thread(step: Callable[[], object]) -> None:
    """Run a part's own step; whatever goes wrong in it is a reason not to start the part."""
    try:
        await asyncio.to_thread(step)
    except errors.StackError:
        raise
    except Exception as error:
        raise errors.StackError(str(error) or type(error).__name__) from error


async def _until_or_after(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, but no longer than this."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)


async def _first_of(*waiting: Coroutine[Any, Any, Any]) -> None:
    """Run all until the first returns or raises; cancel the others and pass on what it raised."""
    tasks = [asyncio.ensure_future(each) for each in waiting]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
