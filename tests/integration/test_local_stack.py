"""The whole local stack, as the command line starts and stops it."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest
from redis import Redis

from infra.local import errors, parts, record, stack, state
from tests import serving
from tests.waiting import eventually


@dataclass(frozen=True)
class Started:
    """A stack that is up, and what was told while it started."""

    home: state.State
    told: list[stack.Progress]
    milliseconds: int


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user can enter too, so that all the stack's files are below it."""
    with tempfile.TemporaryDirectory(prefix="rivulet-test-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@pytest.fixture(scope="module")
def started() -> Iterator[Started]:
    with open_folder() as folder, pytest.MonkeyPatch.context() as environment:
        environment.setenv(state.FOLDER_VARIABLE, str(folder))
        told: list[stack.Progress] = []
        try:
            yield Started(state.State(folder), told, stack.up(told.append))
        finally:
            stack.down()


def described(home: state.State) -> record.StackRecord:
    found = record.read(home)
    assert found is not None
    return found


def states() -> dict[str, record.PartState]:
    return {part.name: part.state for part in stack.status()}


def _assert_states(expected: set[str]) -> None:
    assert set(states().values()) == expected


def test_every_part_is_reported_once_with_its_time_and_is_ready(started: Started) -> None:
    ready = {news.part: news.milliseconds for news in started.told if news.milliseconds is not None}
    assert sorted(ready) == sorted(parts.names())
    assert all(0 < milliseconds <= started.milliseconds for milliseconds in ready.values())
    assert states() == dict.fromkeys(ready, "ready")


def test_the_environment_leads_to_every_server(started: Started) -> None:
    told = stack.environment()
    with psycopg.connect(told["DATABASE_URL"]) as connection:
        assert connection.execute("select current_user::text").fetchone() == ("postgres",)
    with Redis.from_url(told["REDIS_URL"]) as cache:
        assert cache.ping()
    assert serving.answers(f"{told['CHROMA_URL']}/api/v2/heartbeat")
    assert serving.answers(told["TOGETHER_BASE_URL"].removesuffix("/v1") + "/healthz")
    answer = httpx.get(f"{told['SUPABASE_URL']}/rest/v1/libraries", headers={"apikey": told["SUPABASE_SECRET_KEY"]})
    assert answer.status_code == httpx.codes.OK, answer.text


def test_memory_stays_small(started: Started) -> None:
    assert sum(part.memory_bytes for part in stack.status()) < 1_500_000_000


def test_a_single_part_stops_and_starts(started: Started) -> None:
    stack.stop_part("redis")
    assert states() == {name: "stopped" if name == "redis" else "ready" for name in parts.names()}
    assert not serving.listens(described(started.home).ports["redis"])
    stack.start_part("redis")
    assert serving.listens(described(started.home).ports["redis"])


def test_up_starts_what_was_stopped_singly_and_leaves_the_rest(started: Started) -> None:
    before = described(started.home)
    stack.stop_part("chroma")
    told: list[stack.Progress] = []
    stack.up(told.append)
    after = described(started.home)
    assert [news.part for news in told] == ["chroma"]
    stack.up(told.append)
    assert len(told) == 1
    assert states() == dict.fromkeys(parts.names(), "ready")
    assert {name for name in parts.names() if before.parts[name].process != after.parts[name].process} == {"chroma"}


def test_an_unknown_part_is_refused_with_the_known_ones(started: Started) -> None:
    with pytest.raises(errors.StackError, match=r"There is no part 'mongo'\. The parts are: postgres, "):
        stack.stop_part("mongo")


def test_after_its_supervisor_was_killed_the_stack_starts_anew_and_nothing_is_lost(started: Started) -> None:
    before = described(started.home)
    with psycopg.connect(stack.environment()["DATABASE_URL"]) as connection:
        connection.execute("create table public.kept (id int)")
    os.kill(before.supervisor.pid, signal.SIGKILL)
    eventually(lambda: _assert_states({"unhealthy"}))
    with pytest.raises(stack.NotRunning, match="rivulet up"):
        stack.environment()

    stack.up(lambda _: None)

    assert states() == dict.fromkeys(parts.names(), "ready")
    assert [name for name, part in before.parts.items() if part.process and part.process.process()] == []
    with psycopg.connect(stack.environment()["DATABASE_URL"]) as connection:
        assert connection.execute("select count(*) from public.kept").fetchone() == (0,)


def test_a_full_disk_keeps_nothing_from_being_used_and_stopped(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(state, "MIN_FREE_BYTES", 1 << 62)
        stack.stop_part("redis")
        assert states()["redis"] == "stopped"
        assert stack.environment()["SUPABASE_URL"]
        with pytest.raises(errors.StackError, match="too little room"):
            stack.start_part("redis")
        with pytest.raises(errors.StackError, match="too little room"):
            stack.up(lambda _: None)
    stack.start_part("redis")
    assert states() == dict.fromkeys(parts.names(), "ready")


def test_down_leaves_no_process_and_can_be_repeated(started: Started) -> None:
    before = described(started.home)
    assert stack.down() is True
    assert before.supervisor.process() is None
    assert [name for name, part in before.parts.items() if part.process and part.process.process()] == []
    assert set(states().values()) == {"stopped"}
    assert stack.down() is False


def test_without_a_stack_there_is_nothing_to_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(state.FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(stack.NotRunning):
        stack.stop_part("redis")
    assert set(states().values()) == {"stopped"}
