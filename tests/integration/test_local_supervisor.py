"""The supervisor, with small real processes as its parts."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from infra.local import errors, leftovers, record, restart, stack, state, supervisor, web
from infra.local.__main__ import main
from infra.local.part import Health, Part
from tests.waiting import eventually_async

pytestmark = pytest.mark.anyio
ENVIRONMENT = {"PATH": os.environ["PATH"]}


@pytest.fixture
def home(tmp_path: Path) -> state.State:
    return state.open_state(tmp_path / "home")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor's own pauses, shortened."""
    monkeypatch.setattr(restart, "CHECK_INTERVAL_SECONDS", 0.02)
    monkeypatch.setattr(restart, "UNHEALTHY_AFTER_SECONDS", 0.2)
    monkeypatch.setattr(restart, "FIRST_DELAY_SECONDS", 0.02)


def test_the_supervisor_does_not_start_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(state.FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr(state, "MIN_FREE_BYTES", 1 << 62)
    monkeypatch.setattr(supervisor, "run", lambda *_: pytest.fail("it started"))

    assert main(["run"]) == 1


def script(
    name: str,
    text: str = "echo listening; exec sleep 1000",
    needs: tuple[str, ...] = (),
    health: Health | None = None,
    ready_text: str | None = "listening",
) -> Part:
    """A part that is a shell script."""
    command = ("/bin/sh", "-c", text)
    return Part(name, command, ENVIRONMENT, needs, health=health, ready_text=ready_text, stop_seconds=5)


def exists(file: Path) -> Health:
    async def answers() -> bool:
        return await asyncio.to_thread(file.exists)

    return answers


class Watched:
    """A running supervisor as others see it: by its description and its files."""

    def __init__(self, home: state.State) -> None:
        self.home = home

    def part(self, name: str) -> record.PartRecord:
        described = record.read(self.home)
        assert described is not None, "not described yet"
        return described.parts[name]

    def parts(self) -> set[str]:
        described = record.read(self.home)
        return set() if described is None else set(described.parts)

    def process(self, name: str) -> record.ProcessRecord:
        part = self.part(name)
        assert part.state == "ready", part
        assert part.process is not None
        return part.process

    def wish_stopped(self, *names: str) -> None:
        self.home.wish_stopped(set(names))
        os.kill(os.getpid(), signal.SIGHUP)


def state_of(home: state.State) -> str:
    described = record.read(home)
    return "" if described is None else described.state


@asynccontextmanager
async def supervised(
    home: state.State, *parts: Part, added: Callable[[], Iterable[Part]] = tuple
) -> AsyncIterator[Watched]:
    """Run a supervisor, wait until it has started, end it as SIGTERM does."""
    described = record.StackRecord(supervisor=record.ProcessRecord.own())
    running = asyncio.create_task(supervisor.Supervisor(home, described, parts, added).run())
    try:
        await eventually_async(lambda: _assert_running(home, running))
        yield Watched(home)
    finally:
        if not running.done():
            os.kill(os.getpid(), signal.SIGTERM)
        with suppress(errors.StackError):
            await running


def _assert_running(home: state.State, running: "asyncio.Task[None]") -> None:
    if running.done():
        running.result()
    assert state_of(home) == "running"


async def test_a_part_that_dies_is_started_again_at_once(home: state.State) -> None:
    async with supervised(home, script("one"), script("two")) as stack:
        before, other = stack.process("one"), stack.process("two")
        os.kill(before.pid, signal.SIGKILL)

        def restarted() -> None:
            assert stack.process("one").pid != before.pid

        await eventually_async(restarted, within=2)
        assert stack.part("one").restarts == 1
        assert stack.process("two") == other


@pytest.mark.parametrize("start", [lambda: stack.start_part("web"), lambda: stack.up(lambda _: None)])
async def test_a_part_that_can_be_there_by_now_is_started(
    home: state.State, monkeypatch: pytest.MonkeyPatch, start: Callable[[], object]
) -> None:
    monkeypatch.setenv(state.FOLDER_VARIABLE, str(home.folder))
    monkeypatch.setattr(web, "is_served", lambda: False)
    built = False

    def added() -> list[Part]:
        return [script("web")] if built and "web" not in watched.parts() else []

    async with supervised(home, script("one"), added=added) as watched:
        before = watched.process("one")
        with pytest.raises(errors.StackError, match=r"There is no part 'web'\. The parts are: one\. It "):
            await asyncio.to_thread(stack.start_part, "web")
        built = True
        monkeypatch.setattr(web, "is_served", lambda: True)

        await asyncio.to_thread(start)

        assert watched.process("web").process() is not None
        assert watched.process("one") == before


async def test_a_part_is_not_ready_by_what_its_last_life_wrote(home: state.State, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    part = script("one", f"if [ ! -e {sign} ]; then touch {sign}; echo listening; fi; exec sleep 1000")
    async with supervised(home, part) as stack:
        before = stack.process("one")
        os.kill(before.pid, signal.SIGKILL)

        def starting() -> None:
            shown = stack.part("one")
            assert shown.state == "starting"
            assert shown.process not in (None, before)

        await eventually_async(starting)


async def test_a_part_that_stops_answering_is_started_again(home: state.State, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    part = script("one", f"touch {sign}; exec sleep 1000", health=exists(sign), ready_text=None)
    async with supervised(home, part) as stack:
        before = stack.process("one")
        sign.unlink()

        def restarted() -> None:
            assert stack.process("one").pid != before.pid

        await eventually_async(restarted)
        assert before.process() is None
        assert sign.exists()


async def test_a_part_that_answers_again_in_time_is_left_alone(home: state.State, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    part = script("one", f"touch {sign}; exec sleep 1000", health=exists(sign), ready_text=None)
    async with supervised(home, part) as stack:
        before = stack.process("one")
        sign.unlink()

        def noticed() -> None:
            assert stack.part("one").state == "unhealthy"

        await eventually_async(noticed)
        sign.touch()

        def recovered() -> None:
            assert stack.process("one") == before

        await eventually_async(recovered)
        assert stack.part("one").restarts == 0


async def test_parts_start_after_those_they_need_and_stop_before_them(home: state.State, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    diary.touch()

    def keeps_diary(name: str, needs: tuple[str, ...] = ()) -> Part:
        text = f"trap 'echo -{name} >> {diary}; exit' TERM; echo +{name} >> {diary}; while :; do sleep 0.01; done"
        return script(name, text, needs, health=wrote(f"+{name}"), ready_text=None)

    def wrote(line: str) -> Health:
        async def answers() -> bool:
            return line in diary.read_text().split()

        return answers

    async with supervised(home, keeps_diary("base"), keeps_diary("middle", ("base",)), keeps_diary("top", ("middle",))):
        assert diary.read_text().split() == ["+base", "+middle", "+top"]
    assert diary.read_text().split()[3:] == ["-top", "-middle", "-base"]
    assert record.read(home) is None


async def test_an_eager_part_starts_before_those_it_needs_and_still_stops_before_them(
    home: state.State, tmp_path: Path
) -> None:
    diary, sign = tmp_path / "diary", tmp_path / "sign"
    server_text = f"trap 'echo -server >> {diary}; exit' TERM; until [ -e {sign} ]; do sleep 0.01; done"
    server = script("server", f"{server_text}; echo +server >> {diary}; echo listening; while :; do sleep 0.01; done")
    eager_text = f"trap 'echo -eager >> {diary}; exit' TERM; echo +eager >> {diary}; touch {sign}; echo listening"
    eager = Part(
        "eager",
        ("/bin/sh", "-c", f"{eager_text}; while :; do sleep 0.01; done"),
        ENVIRONMENT,
        needs=("server",),
        eager=True,
        ready_text="listening",
    )
    async with supervised(home, server, eager):
        pass
    assert diary.read_text().split() == ["+eager", "+server", "-eager", "-server"]


async def test_one_part_can_be_stopped_and_started_while_the_others_run(home: state.State) -> None:
    async with supervised(home, script("one"), script("two", needs=("one",))) as stack:
        first, other = stack.process("one"), stack.process("two")
        stack.wish_stopped("one")

        def stopped() -> None:
            assert stack.part("one").state == "stopped"

        await eventually_async(stopped)
        assert first.process() is None
        assert stack.process("two") == other
        stack.wish_stopped()

        def started() -> None:
            assert stack.process("one").pid != first.pid

        await eventually_async(started)
        assert stack.process("two") == other


async def test_processes_that_a_part_started_end_with_it(home: state.State, tmp_path: Path) -> None:
    child_file = tmp_path / "child"
    part = script("one", f"sleep 1000 & echo $! > {child_file}; echo listening; wait")
    async with supervised(home, part) as stack:
        child_process = record.ProcessRecord.of(number_in(child_file))
        assert child_process is not None
        os.kill(stack.process("one").pid, signal.SIGKILL)

        def gone() -> None:
            assert child_process.process() is None

        await eventually_async(gone)


def number_in(file: Path) -> int:
    return int(file.read_text())


async def test_a_part_that_ignores_the_request_to_stop_is_ended(home: state.State, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    text = f"trap '' TERM; touch {sign}; while :; do sleep 0.05; done"
    stubborn = Part("one", ("/bin/sh", "-c", text), ENVIRONMENT, health=exists(sign), stop_seconds=0.2)
    async with supervised(home, stubborn) as stack:
        process = stack.process("one")
    assert process.process() is None


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (
            script("broken", "echo no licence; exit 7"),
            "broken did not start: it ended by itself with exit code 7.*no licence",
        ),
        (Part("broken", ("/no/such/program",), ENVIRONMENT), "/no/such/program cannot be started: No such file"),
        (Part("broken", ("/bin/sh", "-c", "exec sleep 1000"), ENVIRONMENT, prepare=lambda: refuse()), "disk is odd"),
    ],
)
async def test_a_start_that_fails_says_why_and_leaves_nothing(home: state.State, part: Part, reason: str) -> None:
    with pytest.raises(errors.StackError, match=f"(?s){reason}"):
        async with supervised(home, script("sound"), part):
            pass
    described = record.read(home)
    assert described is not None
    assert all(shown.process is None for shown in described.parts.values())


def refuse() -> None:
    raise errors.StackError("the disk is odd")


async def test_a_part_that_never_answers_is_not_waited_for_without_end(home: state.State, tmp_path: Path) -> None:
    silent = Part(
        "silent",
        ("/bin/sh", "-c", "exec sleep 1000"),
        ENVIRONMENT,
        health=exists(tmp_path / "never"),
        start_seconds=0.1,
    )
    with pytest.raises(errors.StackError, match="silent did not start: it did not answer within 0 seconds"):
        async with supervised(home, silent):
            pass


async def test_the_work_after_the_first_start_is_not_repeated(home: state.State) -> None:
    calls: list[str] = []
    part = Part(
        "one",
        ("/bin/sh", "-c", "exec sleep 1000"),
        ENVIRONMENT,
        prepare=lambda: calls.append("prepare"),
        finish=lambda: calls.append("finish"),
    )
    async with supervised(home, part) as stack:
        before = stack.process("one")
        os.kill(before.pid, signal.SIGKILL)

        def restarted() -> None:
            assert stack.process("one").pid != before.pid

        await eventually_async(restarted)
    assert calls == ["prepare", "finish", "prepare"]


async def test_only_one_supervisor_works_on_a_state_folder(home: state.State) -> None:
    with supervisor.sole(home):
        refused = pytest.raises(supervisor.AlreadyRunning, match=f"already running on {home.folder}")
        with refused, supervisor.sole(home):
            pass
    with supervisor.sole(home):
        pass


async def test_what_a_killed_supervisor_left_is_ended_and_strangers_are_spared(home: state.State) -> None:
    def start() -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)

    with start() as left, start() as stranger:
        described = record.StackRecord(supervisor=record.ProcessRecord.own())
        described.parts["left"] = record.PartRecord(process=record.ProcessRecord.of(left.pid))
        described.parts["reused"] = record.PartRecord(process=record.ProcessRecord(pid=stranger.pid, started=1.0))

        leftovers.end(described)

        assert left.wait(timeout=5) == -signal.SIGTERM
        assert stranger.poll() is None
        stranger.kill()
