"""`ask` as a process: a question becomes a row, its answer streams, and the row is what counts."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.conftest import Gateway
from tests.integration.conftest import WORDS
from tests.integration.engine import Engine
from tests.integration.serverless import Functions, Served, token
from tests.slow_model import SlowModel
from tests.waiting import eventually

Slow = tuple[SlowModel, str]
TEXT = "The weir at Marbruck was built in 1903 by Anton Falk."
HALF = " ".join(WORDS[:5])


class Stream:
    """The events of an answer, as they come."""

    def __init__(self, reply: httpx.Response) -> None:
        self.text = ""
        self._lines = reply.iter_lines()

    def until(self, wanted: str) -> dict[str, Any]:
        """The data of the next event of this name; text of deltas is put together on the way."""
        for line in self._lines:
            if line == wanted:
                return {}
            if line.startswith("event: "):
                name, data = line.removeprefix("event: "), json.loads(next(self._lines).removeprefix("data: "))
                if name == "delta":
                    assert data["offset"] == len(self.text)
                    self.text += data["text"]
                if name == wanted:
                    return dict(data)
        raise AssertionError(f"the stream ended without {wanted}")

    def until_text(self, text: str) -> None:
        while self.text != text:
            self.until("delta")


class Asker:
    """Asks as a person."""

    def __init__(self, served: Served, bearer: str) -> None:
        self._served = served
        self._headers = {"Authorization": f"Bearer {bearer}"}

    @contextmanager
    def stream(self, question: str = "Who built the weir?", **content: object) -> Iterator[Stream]:
        body = {"question": question, **content}
        with httpx.stream("POST", self._served.url, json=body, headers=self._headers, timeout=60) as reply:
            assert reply.status_code == 200, reply.read()
            assert reply.headers["content-type"].startswith("text/event-stream")
            yield Stream(reply)

    def refused(self, **content: object) -> tuple[int, str]:
        reply = httpx.post(self._served.url, json=content, headers=self._headers, timeout=60)
        return reply.status_code, reply.json()["error"]


@pytest.fixture
def user(engine: Engine) -> uuid.UUID:
    return engine.person()


@pytest.fixture
def asker(functions: Functions, gateway: Gateway, user: uuid.UUID) -> Asker:
    """Asks where the function itself does the work."""
    return Asker(functions.serve("ask", RIVULET_ASK_DRAINS="true"), token(user, gateway.database.jwt_secret))


def sign_up(gateway: Gateway) -> tuple[uuid.UUID, str]:
    content = {"email": f"{uuid.uuid4()}@example.com", "password": "correct horse battery"}
    headers = {"apikey": gateway.database.publishable_key}
    session = httpx.post(f"{gateway.url}/auth/v1/signup", json=content, headers=headers).raise_for_status().json()
    return uuid.UUID(session["user"]["id"]), session["access_token"]


def test_an_answer_streams_and_ends_with_its_row(
    engine: Engine, gateway: Gateway, functions: Functions, slow_model: Slow
) -> None:
    user, access = sign_up(gateway)
    engine.ingest(user, [TEXT])
    served = functions.serve("ask", RIVULET_ASK_DRAINS="true")

    with Asker(served, access).stream(library_id=str(engine.library(user))) as stream:
        asked = stream.until("asked")
        stream.until_text(HALF)
        slow_model[0].goes_on.set()
        answer = stream.until("answer")

    assert stream.text == " ".join(WORDS)
    assert (answer["status"], answer["content"], answer["model"]) == ("complete", " ".join(WORDS), "test/slow-1")
    assert [(each["marker"], each["quote"]) for each in answer["citations"]] == [(1, TEXT)]
    row = engine.all("select id, reply_to, conversation_id from public.messages where role = 'assistant'")[0]
    assert [str(value) for value in row] == [asked["answer_id"], asked["question_id"], asked["conversation_id"]]
    assert engine.one("select library_id from public.conversations") == engine.library(user)


def test_a_conversation_goes_on(engine: Engine, asker: Asker, user: uuid.UUID, slow_model: Slow) -> None:
    slow_model[0].goes_on.set()
    conversation = engine.conversation(user)
    for _ in range(2):
        with asker.stream(conversation_id=str(conversation)) as stream:
            assert stream.until("answer")["conversation_id"] == str(conversation)
    assert engine.one("select count(*) from public.messages where conversation_id = %s", conversation) == 4


def test_a_caller_that_hangs_up_stops_nothing(engine: Engine, asker: Asker, slow_model: Slow) -> None:
    with asker.stream() as stream:
        answer = stream.until("asked")["answer_id"]
        stream.until_text(HALF)
    slow_model[0].goes_on.set()

    eventually(lambda: _assert_status(engine, answer, "complete"), 20)
    assert (slow_model[0].calls, slow_model[0].hang_ups) == (1, 0)


def _assert_status(engine: Engine, answer: str, status: str) -> None:
    assert engine.one("select status from public.messages where id = %s", answer) == status


def test_without_broadcasts_the_row_is_followed(engine: Engine, asker: Asker, slow_model: Slow) -> None:
    engine.all('drop policy "hear own libraries and conversations" on realtime.messages')
    with asker.stream() as stream:
        stream.until("asked")
        eventually(lambda: _assert_called(slow_model[0]), 20)
        slow_model[0].goes_on.set()
        answer = stream.until("answer")

    assert answer["content"] == " ".join(WORDS).replace(" [1]", "")


def _assert_called(model: SlowModel) -> None:
    assert model.calls == 1


def test_only_a_person_s_own_conversations_and_libraries_are_asked(
    engine: Engine, functions: Functions, gateway: Gateway, user: uuid.UUID
) -> None:
    stranger = engine.person()
    asker = Asker(functions.serve("ask"), token(user, gateway.database.jwt_secret))
    conversation = str(engine.conversation(stranger))

    assert asker.refused(question="Why?", conversation_id=conversation) == (403, "not_allowed")
    assert asker.refused(question="Why?", conversation_id=str(uuid.uuid4())) == (403, "not_allowed")
    assert asker.refused(question="Why?", library_id=str(engine.library(stranger))) == (403, "not_allowed")
    assert asker.refused(question=" ") == (422, "invalid_request")
    assert asker.refused(question="x" * 20_001) == (422, "invalid_request")
    assert asker.refused(question="nul \u0000") == (422, "rejected")
    assert asker.refused(question="Why?", conversation_id=conversation, library_id=conversation) == (
        422,
        "invalid_request",
    )
    assert Asker(asker._served, token(user, "z" * 32)).refused(question="Why?") == (401, "invalid_token")
    assert Asker(asker._served, gateway.database.publishable_key).refused(question="Why?") == (401, "invalid_token")
    assert engine.one("select count(*) from public.messages") == 0


def test_while_nobody_answers_the_connection_is_kept_and_then_the_failure_is_told(
    engine: Engine, functions: Functions, gateway: Gateway, user: uuid.UUID
) -> None:
    asker = Asker(functions.serve("ask"), token(user, gateway.database.jwt_secret))
    with asker.stream() as stream:
        began = time.monotonic()
        stream.until(": waiting")
        assert 9 < time.monotonic() - began < 20
        engine.fail(engine.claim_one("respond"), "permanent")

        assert stream.until("error") == {"code": "broken", "message": "It broke."}


def test_a_stopped_answer_ends_with_the_text_so_far(engine: Engine, asker: Asker, slow_model: Slow) -> None:
    with asker.stream() as stream:
        answer_id = stream.until("asked")["answer_id"]
        stream.until_text(HALF)
        engine.all("update public.messages set status = 'cancelled' where id = %s", answer_id)

        assert stream.until("answer")["status"] == "cancelled"


def test_a_session_that_ends_meanwhile_is_told(
    engine: Engine, functions: Functions, gateway: Gateway, user: uuid.UUID
) -> None:
    served = functions.serve("ask")
    asker = Asker(served, token(user, gateway.database.jwt_secret, exp=time.time() + 5))

    with asker.stream() as stream:
        assert stream.until("error")["code"] in ("session_ended", "not_allowed")
    assert engine.one("select status from public.messages where role = 'assistant'") == "pending"


def test_without_the_publishable_key_it_says_so_to_operators_alone(
    functions: Functions, gateway: Gateway, user: uuid.UUID
) -> None:
    served = functions.serve("ask", SUPABASE_PUBLISHABLE_KEY="")

    refusal = Asker(served, token(user, gateway.database.jwt_secret)).refused(question="Why?")

    assert refusal == (503, "not_configured")
    assert "SUPABASE_PUBLISHABLE_KEY is not set" in served.log.read_text()
