"""Listeners as processes: real gateway, Chroma, Redis and models. Killed, stopped, deaf: nothing is lost or doubled."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from infra.local import ports
from listeners.report import REPORT_SECONDS
from tests import serving
from tests.conftest import Gateway
from tests.integration.engine import Engine
from tests.slow_model import SlowModel
from tests.waiting import eventually

FILES = Path(__file__).parents[1] / "files"
WORDS = ["The", "weir", "was", "built", "in", "1903", "by", "Anton", "Falk", "[1]."]
TEXT = "The weir at Marbruck was built in 1903 by Anton Falk."

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def slow_model(model_server: str) -> Iterator[tuple[SlowModel, str]]:
    model = SlowModel(model_server, WORDS)
    with serving.application(lambda _: model.app) as url:
        yield model, url
        model.goes_on.set()


@pytest.fixture
def environment(gateway: Gateway, chroma: str, redis_server: str, slow_model: tuple[SlowModel, str]) -> dict[str, str]:
    return {
        "SUPABASE_URL": gateway.url,
        "SUPABASE_SECRET_KEY": gateway.database.secret_key,
        "CHROMA_URL": chroma,
        "REDIS_URL": redis_server,
        "TOGETHER_BASE_URL": slow_model[1],
        "CHAT_MODEL": "test/slow-1",
        "EMBEDDING_MODEL": "rivulet/all-minilm-l6-v2-int8",
    }


@pytest.fixture
def start(environment: Mapping[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts listeners that end with the test; each writes its log into a file of the test."""
    with ExitStack() as running:

        def begin(*queues: str, changed: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
            log = running.enter_context((tmp_path / f"{'-'.join(queues)}-{uuid.uuid4()}.log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", "listeners", *queues, "--concurrency", "2"],
                env={**os.environ, **environment, **(changed or {})},
                stderr=log,
            )
            running.callback(_end, process)
            return process

        yield begin


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait(10)


def kill(process: subprocess.Popen[bytes]) -> None:
    """As a power cut does."""
    process.send_signal(signal.SIGKILL)
    process.wait(10)


def wait_ready(engine: Engine, document: uuid.UUID, within: float = 60) -> None:
    def ready() -> None:
        status, message = engine.all("select status, error_message from public.documents where id = %s", document)[0]
        assert status in ("ready", "failed"), status
        assert status == "ready" or pytest.fail(message)

    eventually(ready, within)


def wait_status(engine: Engine, answer: uuid.UUID, status: str, within: float = 60) -> str:
    def reached() -> str:
        found, content = engine.all("select status, content from public.messages where id = %s", answer)[0]
        assert found == status, found
        text: str = content
        return text

    return eventually(reached, within)


def vectors(chroma: str, document: uuid.UUID) -> int:
    """How many vectors of a document Chroma holds, over all collections."""
    base = f"{chroma}/api/v2/tenants/default_tenant/databases/default_database/collections"
    found = 0
    for collection in httpx.get(base).json():
        where = {"document_id": str(document)}
        reply = httpx.post(f"{base}/{collection['id']}/get", json={"where": where, "include": []})
        found += len(reply.json()["ids"])
    return found


def test_a_document_becomes_searchable_and_a_question_gets_a_cited_answer(
    engine: Engine, start: Start, slow_model: tuple[SlowModel, str], chroma: str
) -> None:
    slow_model[0].goes_on.set()
    user = engine.person()
    document = engine.document(user, content=TEXT)
    start("parse", "embed", "respond", "purge")
    wait_ready(engine, document)

    answer = engine.ask(engine.conversation(user), "Who built the weir?")

    assert wait_status(engine, answer, "complete") == " ".join(WORDS)
    assert engine.all("select marker, title, quote from public.citations") == [(1, "Notes", TEXT)]
    assert engine.one("select model from public.messages where id = %s", answer) == "test/slow-1"

    engine.all("delete from public.documents where id = %s", document)
    eventually(lambda: _assert_equal(vectors(chroma, document), 0), 60)


def _assert_equal(found: object, expected: object) -> None:
    assert found == expected


def test_a_listener_killed_in_the_middle_of_a_document_doubles_nothing(
    engine: Engine, start: Start, chroma: str
) -> None:
    user = engine.person()
    document = engine.document(user, content=(FILES / "big.md").read_text())
    first = start("parse", "embed")
    eventually(lambda: _assert_reached(engine, "select 1 from public.chunks"), 60)
    kill(first)
    engine.expire_leases()
    second = start("parse", "embed")
    eventually(lambda: _assert_reached(engine, "select 1 from public.documents where chunks_done > 0"), 60)
    kill(second)
    engine.expire_leases()
    start("parse", "embed", "purge")

    wait_ready(engine, document, within=120)

    total, done = engine.all("select chunks_total, chunks_done from public.documents")[0]
    assert total == done == engine.one("select count(*) from public.chunks")
    # What the killed ones had written was of versions that were never whole.
    eventually(lambda: _assert_equal(vectors(chroma, document), total), 120)
    ordinals = [row[0] for row in engine.all("select ordinal from public.chunks order by ordinal")]
    assert ordinals == list(range(total))


def _assert_reached(engine: Engine, statement: str) -> None:
    assert engine.all(statement)


def test_a_responder_killed_in_the_middle_of_an_answer_is_replaced(
    engine: Engine, start: Start, slow_model: tuple[SlowModel, str]
) -> None:
    model, _ = slow_model
    answer = engine.ask(engine.conversation(engine.person()), "Who built the weir?")
    first = start("respond")
    eventually(lambda: _assert_equal(model.calls, 1), 60)
    kill(first)
    engine.expire_leases()
    model.goes_on.set()

    start("respond")

    # No passage was found, so the marker points nowhere and is taken out.
    assert wait_status(engine, answer, "complete") == " ".join(WORDS).replace(" [1]", "")
    assert model.calls == 2
    assert engine.one("select count(*) from public.messages where role = 'assistant'") == 1


def test_stop_ends_the_model_call_and_keeps_the_text(
    engine: Engine, start: Start, slow_model: tuple[SlowModel, str]
) -> None:
    model, _ = slow_model
    answer = engine.ask(engine.conversation(engine.person()), "Who built the weir?")
    start("respond")
    eventually(lambda: _assert_equal(model.calls, 1), 60)

    engine.all("update public.messages set status = 'cancelled' where id = %s", answer)

    eventually(lambda: _assert_equal(model.hang_ups, 1), 10)
    eventually(lambda: _assert_reached(engine, "select 1 from rivulet.job_history where outcome = 'cancelled'"), 10)
    assert wait_status(engine, answer, "cancelled") == " ".join(WORDS[:5])


def test_sigterm_lets_running_jobs_finish(engine: Engine, start: Start, slow_model: tuple[SlowModel, str]) -> None:
    model, _ = slow_model
    answer = engine.ask(engine.conversation(engine.person()), "Who built the weir?")
    listener = start("respond")
    eventually(lambda: _assert_equal(model.calls, 1), 60)

    listener.terminate()
    model.goes_on.set()

    assert listener.wait(60) == 0
    assert wait_status(engine, answer, "complete")
    assert engine.all("select attempt, outcome::text from rivulet.job_history") == [(1, "done")]
    assert engine.all("select worker_id from rivulet.workers") == []


def test_sigterm_gives_back_what_does_not_finish_in_time(
    engine: Engine, start: Start, slow_model: tuple[SlowModel, str]
) -> None:
    model, _ = slow_model
    engine.ask(engine.conversation(engine.person()), "Who built the weir?")
    listener = start("respond")
    eventually(lambda: _assert_equal(model.calls, 1), 60)

    listener.terminate()

    assert listener.wait(20) == 0
    assert engine.all("select state::text, attempt, crash_count from rivulet.jobs") == [("ready", 0, 0)]
    assert model.hang_ups == 1


def test_without_a_doorbell_everything_is_still_done(engine: Engine, start: Start) -> None:
    engine.all(
        "create or replace function rivulet.ring(p_queue text, p_event text default 'wake') returns void"
        " language sql as ''"
    )
    start("parse", "embed")

    document = engine.document(engine.person(), content=TEXT)

    wait_ready(engine, document)


def test_without_redis_everything_is_still_done(engine: Engine, start: Start) -> None:
    start("parse", "embed", changed={"REDIS_URL": "redis://127.0.0.1:1"})

    wait_ready(engine, engine.document(engine.person(), content=TEXT))


def test_while_chroma_and_the_model_are_down_work_waits_and_then_goes_on(engine: Engine, start: Start) -> None:
    document = engine.document(engine.person(), content=TEXT)
    unreachable = {"CHROMA_URL": "http://127.0.0.1:1", "TOGETHER_BASE_URL": "http://127.0.0.1:1"}
    first = start("parse", "embed", changed=unreachable)
    eventually(
        lambda: _assert_reached(engine, "select 1 from rivulet.jobs where last_error like '%%unavailable%%'"),
        60,  # the embedder tries again for half a minute before it gives the job back
    )
    assert engine.status(document) == "embedding"
    kill(first)
    engine.all("update rivulet.jobs set run_at = clock_timestamp() where state = 'delayed'")

    start("embed")

    wait_ready(engine, document)


def test_a_bad_file_ends_failed_with_a_reason_and_the_listener_lives(
    gateway: Gateway, engine: Engine, start: Start
) -> None:
    expected = {
        "empty.txt": "empty", "corrupt.pdf": "unreadable", "unknown.bin": "unknown_type", "encrypted.pdf": "encrypted",
    }  # fmt: skip
    user = engine.person()
    headers = {"Authorization": f"Bearer {gateway.database.secret_key}", "apikey": gateway.database.secret_key}
    for name in expected:
        target = f"{gateway.url}/storage/v1/object/documents/{engine.library(user)}/{name}"
        httpx.post(target, content=(FILES / name).read_bytes(), headers=headers).raise_for_status()
    listener = start("parse", "embed")
    ended = "select title, error_code, error_message from public.documents where status = 'failed'"

    eventually(lambda: _assert_equal(len(engine.all(ended)), len(expected)), 60)

    assert {title: code for title, code, _ in engine.all(ended)} == expected
    assert all(len(message) > 20 for _, _, message in engine.all(ended))
    assert listener.poll() is None


def test_a_wrong_command_or_environment_is_explained() -> None:
    def run(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "listeners", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    bare = {"PATH": os.environ["PATH"]}
    unset = run("parse", environment=bare)
    assert (unset.returncode, "SUPABASE_URL is not set" in unset.stderr) == (1, True)
    assert "Traceback" not in unset.stderr
    unknown = run("sing", environment=bare)
    assert (unknown.returncode, "parse, embed, respond, purge" in unknown.stderr) == (2, True)


def test_a_listener_tells_of_its_health_and_of_itself(engine: Engine, gateway: Gateway, start: Start) -> None:
    port = ports.any_free()
    start("parse", "embed", "--health-port", str(port))

    alive = eventually(lambda: _answer(f"http://127.0.0.1:{port}/healthz"), 60)
    assert alive["queues"] == ["parse", "embed"]
    assert _answer(f"http://127.0.0.1:{port}/readyz")["status"] == "ok"
    assert _answer(f"http://127.0.0.1:{port}/queues") == engine.one("select public.engine_status_v1()")["queues"]
    hears = "select count(*) from rivulet.workers where hears"
    eventually(lambda: _assert_equal(engine.one(hears), 1), REPORT_SECONDS - 5)  # long before it is reported anyway


def _answer(url: str) -> dict[str, object]:
    assert serving.answers(url)
    body: dict[str, object] = httpx.get(url).json()
    return body
