"""Whatever a reader does, it does to its own process, and the person reads one sentence about it."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from contextlib import aclosing, closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from functions.effects.parsing import limits
from functions.effects.parsing.contained import ContainedParser
from schema.documents import Part
from schema.errors import PermanentError, TransientError
from tests.waiting import eventually

CRUEL = "tests.integration.cruel_nursery"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs what Linux alone has")
Outcome = list[Part] | PermanentError


async def outcome(parser: ContainedParser, file: Path) -> Outcome:
    """All parts of a file, or the error that it ended with."""
    try:
        async with aclosing(parser.parse(file, file.name, None)) as parts:
            return [part async for part in parts]
    except PermanentError as error:
        return error


def told(deeds: str, tmp_path: Path, seconds: float = 60.0) -> Outcome:
    """What comes of a file that tells its reader to do these deeds."""
    file = tmp_path / "deeds.txt"
    file.write_text(deeds)

    async def run() -> Outcome:
        parser = ContainedParser(CRUEL, seconds)
        try:
            return await outcome(parser, file)
        finally:
            await parser.close()

    return asyncio.run(run())


def said(found: Outcome) -> list[str]:
    assert isinstance(found, list)
    return [block.text for part in found for block in part.blocks]


def refused(found: Outcome) -> PermanentError:
    assert isinstance(found, PermanentError)
    return found


def test_a_hang_ends_at_the_deadline(tmp_path: Path) -> None:
    assert refused(told("hang", tmp_path, seconds=2.0)).code == "too_complex"


def test_a_reader_that_hangs_after_some_text_leaves_that_text(tmp_path: Path) -> None:
    found = told("a line that was read\nhang", tmp_path, seconds=3.0)
    assert said(found) == ["a line that was read"]
    assert isinstance(found, list)
    assert "more memory or time" in (found[-1].partial or "")


def test_a_segmentation_fault_is_told_as_a_damaged_file(tmp_path: Path) -> None:
    assert refused(told("crash", tmp_path)).code == "crashed"


@LINUX
def test_memory_is_limited(tmp_path: Path) -> None:
    assert refused(told("eat", tmp_path)).code == "too_complex"


def test_output_is_limited(tmp_path: Path) -> None:
    assert refused(told("flood\n" * 12, tmp_path)).code == "too_long"


def test_a_page_that_crashes_costs_itself_alone(tmp_path: Path) -> None:
    found = told("pages\none\ntwo\nthree\ncrash\nfive\nsix", tmp_path)
    assert said(found) == ["one", "two", "three", "five", "six"]
    assert isinstance(found, list)
    assert found[-1].pages == 6
    assert "Page 4 of 6 could not be read." in (found[-1].partial or "")


def test_pages_before_a_hang_are_kept(tmp_path: Path) -> None:
    found = told("pages\none\ntwo\nthree\nhang\nfive\nsix", tmp_path, seconds=4.0)
    assert said(found)[:2] == ["one", "two"]
    assert isinstance(found, list)
    assert "could not be read" in (found[-1].partial or "")


def test_nothing_is_written(tmp_path: Path) -> None:
    target = tmp_path / "written.txt"
    [answer] = said(told(f"write {target}", tmp_path))
    assert answer.startswith("refused")
    assert not target.exists() or target.stat().st_size == 0


@LINUX
def test_no_file_is_even_made_and_none_of_others_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a key")
    assert said(told(f"touch {tmp_path / 'made.txt'}\nread {secret}", tmp_path)) == [
        "refused: PermissionError",
        "refused: PermissionError",
    ]


@LINUX
def test_there_is_no_network(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        [answer] = said(told(f"connect {server.getsockname()[1]}", tmp_path))
    assert answer.startswith("refused")


def test_no_secret_is_in_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_x")
    assert said(told("environment SUPABASE_SECRET_KEY", tmp_path)) == ["unset"]


def running(work: Callable[[ContainedParser, Path], Any], deeds: str, tmp_path: Path) -> Any:
    file = tmp_path / "deeds.txt"
    file.write_text(deeds)

    async def run() -> Any:
        parser = ContainedParser(CRUEL, 60.0)
        try:
            return await work(parser, file)
        finally:
            await parser.close()

    return asyncio.run(run())


def children() -> list[psutil.Process]:
    """The warm process and its readers: forks, with its command line. Other tests' processes may be about."""
    return [child for child in psutil.Process().children(recursive=True) if CRUEL in command(child)]


def command(process: psutil.Process) -> list[str]:
    with suppress(psutil.Error):
        words: list[str] = process.cmdline()
        return words
    return []


def test_a_reader_that_nobody_waits_for_is_killed(tmp_path: Path) -> None:
    async def work(parser: ContainedParser, file: Path) -> None:
        async with aclosing(parser.parse(file, file.name, None)) as parts:
            await anext(parts)
            assert len(children()) == 2
        await eventually_alone(1)

    running(work, "a line\nhang", tmp_path)
    assert not children()


async def eventually_alone(count: int) -> None:
    def alone() -> None:
        assert len(children()) == count

    await asyncio.to_thread(eventually, alone)


def test_a_warm_process_whose_death_is_not_known_yet_is_replaced(tmp_path: Path) -> None:
    async def work(parser: ContainedParser, file: Path) -> None:
        assert isinstance(await outcome(parser, file), list)
        [warm] = [child for child in children() if child.ppid() == os.getpid()]
        os.kill(warm.pid, signal.SIGKILL)
        with suppress(ChildProcessError):  # already waited for, by a thread
            os.waitid(os.P_PID, warm.pid, os.WEXITED | os.WNOWAIT)  # noqa: ASYNC222 - the event loop is to stand still
        assert isinstance(await outcome(parser, file), list)

    running(work, "a line", tmp_path)


def test_a_killed_warm_process_is_started_again_and_leaves_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def work(parser: ContainedParser, file: Path) -> None:
        assert isinstance(await outcome(parser, file), list)
        [warm] = [child for child in children() if child.ppid() == os.getpid()]
        (tmp_path / "hang.txt").write_text("a line\nhang")
        async with aclosing(parser.parse(tmp_path / "hang.txt", "hang.txt", None)) as parts:
            await anext(parts)
            os.kill(warm.pid, signal.SIGKILL)
            with pytest.raises(TransientError):
                await anext(parts)
        assert isinstance(await outcome(parser, file), list)

    running(work, "a line", tmp_path)
    assert list(tmp_path.glob("rivulet-parse-*")) == []


def test_readers_end_with_the_process_that_wanted_them(tmp_path: Path) -> None:
    async def work(parser: ContainedParser, file: Path) -> list[psutil.Process]:
        async with aclosing(parser.parse(file, file.name, None)) as parts:
            await anext(parts)
            found = children()
            await parser.close()
        return found

    found = running(work, "a line\nhang", tmp_path)
    assert len(found) == 2
    for process in found:
        assert not process.is_running()


def test_a_reader_waits_while_nobody_takes_what_it_reads(tmp_path: Path) -> None:
    async def work(parser: ContainedParser, file: Path) -> int:
        async with aclosing(parser.parse(file, file.name, None)) as parts:
            await anext(parts)
            [reader] = [child for child in children() if child.ppid() != os.getpid()]

            def asleep() -> None:
                assert reader.status() == psutil.STATUS_SLEEPING

            await asyncio.to_thread(eventually, asleep)
            held: int = reader.memory_info().rss
        return held

    assert running(work, "flood\n" * 8, tmp_path) < limits.DATA_BYTES // 3
