"""Another answer, another question: what was there stays in its rows, and the conversation goes on without it."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.integration.engine import ANSWER, Engine, Row, passage, waiting


@contextmanager
def acting(engine: Engine, user: uuid.UUID) -> Iterator[psycopg.Connection]:
    """A connection that acts as a person, by the rights of the Data API."""
    with psycopg.connect(engine.dsn, autocommit=True) as connection:
        connection.execute("select set_config('request.jwt.claims', %s, false)", [f'{{"sub": "{user}"}}'])
        connection.execute("set role authenticated")
        yield connection


def call(engine: Engine, user: uuid.UUID, function: str, *values: object) -> uuid.UUID:
    with acting(engine, user) as person:
        places = ", ".join(["%s"] * len(values))
        row = person.execute(f"select public.{function}({places})".encode(), values).fetchone()
    assert row is not None
    made: uuid.UUID = row[0]
    return made


def answer(engine: Engine, content: str = "Old [1].") -> Row:
    job = engine.claim_one("respond")
    engine.act("start_respond_v1", job)
    assert engine.act("complete_respond_v1", job, {**ANSWER, "content": content}) == "done"
    return job


def conversation_of(engine: Engine, where: str = "superseded_at is null") -> list[Any]:
    return engine.all(f"select role, content, status from public.messages where {where} order by position")


def test_a_regenerated_answer_takes_the_place_of_the_old_one_which_stays(engine: Engine) -> None:
    user = engine.person()
    engine.ingest(user, ["Old weir."])
    chunk = engine.one("select id from public.chunks")
    first = engine.ask(engine.conversation(user), "How old?")
    job = engine.claim_one("respond")
    engine.act("start_respond_v1", job)
    citation = {"marker": 1, "chunk_id": str(chunk), "char_start": 0, "char_end": 3}
    engine.act("complete_respond_v1", job, {**ANSWER, "citations": [citation]})

    second = call(engine, user, "regenerate_answer", first)
    answer(engine, "Very old.")

    assert conversation_of(engine) == [("user", "How old?", "complete"), ("assistant", "Very old.", "complete")]
    assert engine.one("select replaces from public.messages where id = %s", second) == first
    assert engine.all("select content from public.messages where id = %s", first) == [("Old [1].",)]
    assert engine.one("select count(*) from public.citations where message_id = %s", first) == 1


def test_an_edited_question_is_asked_anew_without_what_followed(engine: Engine) -> None:
    user = engine.person()
    conversation = engine.conversation(user)
    engine.ask(conversation, "How old?")
    answer(engine)
    engine.ask(conversation, "How high?")
    answer(engine, "3 m.")
    [(question,)] = engine.all("select id from public.messages where content = 'How old?'")

    asked = call(engine, user, "edit_question", question, "How wide?")

    job = engine.claim_one("respond")
    started = engine.one("select public.start_respond_v1(%s, %s)", job["id"], job["fence"])
    assert (started["question"], started["history"]) == ("How wide?", [])
    assert conversation_of(engine) == [("user", "How wide?", "complete"), ("assistant", "", "streaming")]
    assert len(conversation_of(engine, "superseded_at is not null")) == 4
    assert engine.one("select replaces from public.messages where id = %s", asked) == question


def test_a_new_attempt_stops_the_one_that_is_being_written_and_waits_for_its_end(engine: Engine) -> None:
    user = engine.person()
    first = engine.ask(engine.conversation(user))
    running = engine.claim_one("respond")
    engine.act("start_respond_v1", running)

    second = call(engine, user, "regenerate_answer", first)

    assert engine.claim("respond") == []
    assert engine.act("save_draft_v1", running, "half") == "cancel"
    assert engine.act("complete_respond_v1", running, ANSWER) == "cancelled"
    assert engine.claim_one("respond")["subject_id"] == str(second)


def test_a_failed_answer_can_be_had_again(engine: Engine) -> None:
    user = engine.person()
    failed = engine.ask(engine.conversation(user))
    assert engine.fail(engine.claim_one("respond"), "permanent") == "dead"

    call(engine, user, "regenerate_answer", failed)
    answer(engine)

    assert [status for _, _, status in conversation_of(engine)] == ["complete", "complete"]


def test_only_what_is_ones_own_and_still_there_can_be_replaced(engine: Engine) -> None:
    user, stranger = engine.person(), engine.person()
    first = engine.ask(engine.conversation(user), "How old?")
    [(question,)] = engine.all("select id from public.messages where role = 'user'")

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no such answer"):
        call(engine, stranger, "regenerate_answer", first)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no such question"):
        call(engine, stranger, "edit_question", question, "Whose?")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no such question"):
        call(engine, user, "edit_question", first, "An answer is no question.")
    with pytest.raises(psycopg.errors.CheckViolation, match="question_length"):
        call(engine, user, "edit_question", question, " ")
    call(engine, user, "regenerate_answer", first)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="taken its place"):
        call(engine, user, "regenerate_answer", first)


def test_two_devices_at_once_do_not_take_back_each_others(engine: Engine) -> None:
    user = engine.person()
    first = engine.ask(engine.conversation(user), "How old?")
    [(question,)] = engine.all("select id from public.messages where role = 'user'")
    answer(engine)

    def on_a_device(device: Engine, function: str, *values: object) -> None:
        device.all("select set_config('request.jwt.claims', %s, false)", f'{{"sub": "{user}"}}')
        device.all(f"select public.{function}({', '.join(['%s'] * len(values))})", *values)

    with engine.connection.transaction():
        on_a_device(engine, "edit_question", question, "How wide?")
        outcome = waiting(engine, lambda other: on_a_device(other, "regenerate_answer", first))
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="taken its place"):
        outcome.result()

    assert conversation_of(engine) == [("user", "How wide?", "complete"), ("assistant", "", "pending")]


def test_a_name_that_a_person_gave_stays(engine: Engine) -> None:
    user = engine.person()
    for named, title in ((None, "About weirs"), ("Mine", "Mine")):
        conversation = engine.conversation(user)
        engine.ask(conversation, "How old?")
        job = engine.claim_one("respond")
        assert engine.one("select public.start_respond_v1(%s, %s)", job["id"], job["fence"])["wants_title"]
        if named:
            engine.all("update public.conversations set title = %s where id = %s", named, conversation)
        engine.act("complete_respond_v1", job, {**ANSWER, "title": "About weirs"})
        assert engine.one("select title from public.conversations where id = %s", conversation) == title


def test_a_citation_follows_its_passage_into_the_next_version_or_says_that_it_changed(engine: Engine) -> None:
    user = engine.person()
    document = engine.ingest(user, ["Kept text.", "Changed text."])
    chunks = dict(engine.all("select text, id from public.chunks"))
    engine.all("update public.chunks set content_hash = md5(text)")
    engine.ask(engine.conversation(user))
    job = engine.claim_one("respond")
    engine.act("start_respond_v1", job)
    citations = [
        {"marker": marker, "chunk_id": str(chunks[text]), "char_start": 0, "char_end": 4}
        for marker, text in enumerate(["Kept text.", "Changed text."], 1)
    ]
    engine.act("complete_respond_v1", job, {**ANSWER, "citations": citations})

    engine.all("update public.documents set content = 'other' where id = %s", document)
    parsing = engine.claim_one("parse")
    engine.act("start_parse_v1", parsing)
    texts = ["New text.", "Kept text."]
    rows = [passage(n, text) | {"content_hash": hash_of(engine, text)} for n, text in enumerate(texts)]
    engine.act("append_chunks_v1", parsing, rows, 1, 2)
    engine.act("complete_parse_v1", parsing, 1, "text/plain", None)
    engine.embed()

    kept = engine.one("select id from public.chunks where text = 'Kept text.'")
    states = engine.all("select marker, status, chunk_id, quote from public.citations order by marker")
    assert states == [(1, "current", kept, "Kept"), (2, "changed", None, "Chan")]

    engine.all("delete from public.documents where id = %s", document)
    assert engine.all("select status, quote from public.citations order by marker") == [
        ("vanished", "Kept"),
        ("vanished", "Chan"),
    ]


def hash_of(engine: Engine, text: str) -> str:
    digest: str = engine.one("select md5(%s)", text)
    return digest
