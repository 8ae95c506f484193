"""Starting, stopping and looking at the local stack; what the command line is built on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psutil

from infra.local import environment as settings
from infra.local import errors, leftovers, logs, parts, record, state, supervisor, web

START_SECONDS = 240.0
STOP_SECONDS = 90.0
PART_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 0.05


class NotRunning(errors.StackError):
    """The stack is not running. Start it with: rivulet up"""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


@dataclass(frozen=True)
class Progress:
    """News of one part during a start: it became ready, or something is not as usual."""

    part: str
    text: str
    # From the part's own start until it was ready; none for a note.
    milliseconds: int | None = None


@dataclass(frozen=True)
class PartStatus:
    """One part as it is now; `memory_bytes` is the resident memory of its processes."""

    name: str
    state: record.PartState
    detail: str
    port: int | None
    pid: int | None
    restarts: int
    memory_bytes: int


def up(progress: Callable[[Progress], None]) -> int:
    """Start the stack in the background and wait until every part is ready; return the milliseconds it took.

    A stack that runs already is left as it is, except that parts are started that were stopped singly or could not be
    there before.
    Raises StackError, saying which part failed and what its log says; then nothing is left running.
    """
    begun = time.monotonic()
    home = _home()
    state.refuse_to_start(home)
    running = _live(home)
    told: set[Progress] = set()
    if running is None or running.state == "stopping":
        _wait_for_lock(home)
        _launch(home)
    elif running.state == "running":
        told.update(_news(running))  # by the start that it came of
        if home.stopped_parts() or _missing(running):
            _wish(home, running, set())
    _follow_start(home, progress, begun + START_SECONDS, told)
    return round((time.monotonic() - begun) * 1000)


def down() -> bool:
    """Stop every part and the supervisor, and wait for it; false when nothing was running."""
    home = _home()
    running = _live(home)
    if running is None:
        last = record.read(home)
        leftovers.end(last)
        home.stack_file.unlink(missing_ok=True)
        return last is not None
    _stop_supervisor(running.supervisor)
    return True


def status() -> list[PartStatus]:
    """Every part's state; all are stopped when the stack does not run."""
    home = _home()
    running = _live(home)
    if running is not None:
        return [_status(name, part) for name, part in running.parts.items()]
    last = record.read(home)
    orphans = {} if last is None else leftovers.running(last)
    return [
        _orphan(name) if name in orphans else PartStatus(name, "stopped", "", None, None, 0, 0)
        for name in parts.names()
    ]


def stop_part(name: str) -> None:
    """Stop one part of the running stack and wait for it; the others go on."""
    home, running = _running_with(name)
    _wish(home, running, home.stopped_parts() | {name})
    _wait_for_part(home, name, "stopped")


def start_part(name: str) -> None:
    """Start a part that was stopped singly, or could not be there before, and wait until it is ready."""
    home, running = _running_with(name, _missing)
    state.refuse_to_start(home)
    _wish(home, running, home.stopped_parts() - {name})
    _wait_for_part(home, name, "ready")


def environment() -> dict[str, str]:
    """The settings by which any program reaches the running stack; raises NotRunning."""
    home = _home()
    running = _live(home)
    if running is None:
        raise NotRunning
    return settings.application(running.ports, home.secrets(), os.environ)


def _home() -> state.State:
    return state.open_state(state.find_folder(os.environ))


def _live(home: state.State) -> record.StackRecord | None:
    """The description of the stack, if its supervisor lives; one of before a power cut does not count."""
    described = record.read(home)
    return described if described is not None and described.supervisor.process() is not None else None


def _missing(running: record.StackRecord) -> set[str]:
    """The parts that the running stack could have by now: the web application, if it was built after the start."""
    return {web.NAME} - running.parts.keys() if web.is_served() else set()


def _running_with(
    name: str, missing: Callable[[record.StackRecord], set[str]] = lambda _: set()
) -> tuple[state.State, record.StackRecord]:
    """The running stack, if it has the part or is `missing` it."""
    home = _home()
    running = _live(home)
    if running is None:
        raise NotRunning
    if name not in running.parts and name not in missing(running):
        known = f"There is no part {name!r}. The parts are: {', '.join(running.parts)}."
        raise errors.StackError(f"{known} {parts.why_not(name)}".rstrip())
    return home, running


def _launch(home: state.State) -> None:
    """Start the supervisor in the background; wait until it describes itself."""
    started = subprocess.run(
        [sys.executable, "-m", "infra.local", "up"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=state.CHECKOUT,
        env={**os.environ, state.FOLDER_VARIABLE: str(home.folder)},
        check=False,
    )
    if started.returncode != 0:
        raise errors.StackError(started.stderr.strip())
    child = record.ProcessRecord.of(int(started.stdout))
    while child is None or (described := record.read(home)) is None or described.supervisor.pid != child.pid:
        if child is None or child.process() is None:
            raise errors.StackError(f"The supervisor did not start:\n{logs.tail(home.logs / 'supervisor.log')}")
        time.sleep(LOOK_AGAIN_SECONDS)


def _follow_start(
    home: state.State, progress: Callable[[Progress], None], deadline: float, told: set[Progress]
) -> None:
    """Report each note and each part that becomes ready, but for what was told before, until all are."""
    while True:
        # Asked before reading, so that the last words of a supervisor that ends are not missed.
        alive = _live(home) is not None
        described = record.read(home)
        if described is None:
            raise errors.StackError("The stack was stopped while it was starting.")
        for news in _news(described):
            if news not in told:
                told.add(news)
                progress(news)
        if described.state == "failed":
            raise errors.StackError(described.detail)
        if described.state == "running" and _is_whole(described):
            return
        if not alive or time.monotonic() > deadline:
            raise errors.StackError(f"The stack did not start:\n{logs.tail(home.logs / 'supervisor.log')}")
        time.sleep(LOOK_AGAIN_SECONDS)


def _is_whole(described: record.StackRecord) -> bool:
    return not _missing(described) and all(part.state == "ready" for part in described.parts.values())


def _news(described: record.StackRecord) -> list[Progress]:
    """Everything that can be told by now, in the order of the parts."""
    news = [Progress(name, note) for name, part in described.parts.items() for note in part.notes]
    for name, part in described.parts.items():
        if part.state == "ready":
            where = "ready" if part.port is None else f"ready on port {part.port}"
            news.append(Progress(name, where, part.ready_after_ms))
    return news


def _stop_supervisor(supervised: record.ProcessRecord) -> None:
    with suppress(ProcessLookupError):
        os.kill(supervised.pid, signal.SIGTERM)
    if not leftovers.wait_until_gone([supervised], STOP_SECONDS):
        raise errors.StackError(
            f"The stack did not stop within {STOP_SECONDS:.0f} seconds. "
            f"End its supervisor with: kill -9 {supervised.pid}; the next start clears up."
        )


def _wait_for_lock(home: state.State) -> None:
    """Wait until an earlier supervisor, if there is one, has gone."""
    deadline = time.monotonic() + STOP_SECONDS
    while True:
        try:
            with supervisor.sole(home):
                return
        except supervisor.AlreadyRunning:
            if time.monotonic() > deadline:
                raise
        time.sleep(LOOK_AGAIN_SECONDS)


def _wish(home: state.State, running: record.StackRecord, stopped: set[str]) -> None:
    home.wish_stopped(stopped)
    os.kill(running.supervisor.pid, signal.SIGHUP)


def _wait_for_part(home: state.State, name: str, wanted: record.PartState) -> None:
    deadline = time.monotonic() + PART_SECONDS
    while (described := _live(home)) is not None:
        part = described.parts.get(name, record.PartRecord())
        if part.state == wanted:
            return
        if time.monotonic() > deadline:
            log = home.logs / f"{name}.log"
            raise errors.StackError(f"{name} is {part.state}, not {wanted}: {part.detail}. Its log: {log}")
        time.sleep(LOOK_AGAIN_SECONDS)
    raise NotRunning


def _status(name: str, part: record.PartRecord) -> PartStatus:
    process = part.process.process() if part.process is not None else None
    pid = None if process is None else process.pid
    return PartStatus(name, part.state, part.detail, part.port, pid, part.restarts, _memory_bytes(process))


def _orphan(name: str) -> PartStatus:
    detail = "it runs, but its supervisor was killed; rivulet up starts anew, rivulet down ends it"
    return PartStatus(name, "unhealthy", detail, None, None, 0, 0)


def _memory_bytes(process: psutil.Process | None) -> int:
    if process is None:
        return 0
    total = 0
    with suppress(psutil.NoSuchProcess):
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                total += each.memory_info().rss
    return total
