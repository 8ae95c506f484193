"""Questions and answers in rows: one answer per question, fenced drafts, stop from anywhere, real citations."""

import uuid
from collections.abc import Callable

import psycopg
import pytest

from tests.integration.engine import ANSWER, Engine, Row, waiting


def cited(chunk: uuid.UUID, start: int = 0, end: int = 3) -> Row:
    citation = {"marker": 1, "chunk_id": str(chunk), "char_start": start, "char_end": end}
    return {**ANSWER, "citations": [citation]}


def message(engine: Engine, answer: uuid.UUID) -> tuple[str, str]:
    [(status, content)] = engine.all("select status, content from public.messages where id = %s", answer)
    return status, content


def test_a_question_has_its_answer_pending_in_the_same_transaction(engine: Engine) -> None:
    answer = engine.ask(engine.conversation(engine.person()), "Why?")

    assert message(engine, answer) == ("pending", "")
    assert engine.one("select title from public.conversations") == "Why?"


def test_a_second_answer_to_one_question_is_impossible(engine: Engine) -> None:
    conversation = engine.conversation(engine.person())
    answer = engine.ask(conversation)

    with pytest.raises(psycopg.errors.UniqueViolation):
        engine.all(
            "insert into public.messages (conversation_id, role, reply_to)"
            " select conversation_id, 'assistant', reply_to from public.messages where id = %s",
            answer,
        )


def test_text_citations_and_completion_commit_together(engine: Engine) -> None:
    user = engine.person()
    engine.ingest(user, ["Old weir of 1903."])
    chunk = engine.one("select id from public.chunks")
    answer = engine.ask(engine.conversation(user))
    job = engine.claim_one("respond")
    engine.act("start_respond_v1", job)

    assert engine.act("complete_respond_v1", job, cited(chunk)) == "done"
    assert engine.act("complete_respond_v1", job, cited(chunk)) == "already"

    assert message(engine, answer) == ("complete", "Old [1].")
    assert engine.all("select marker, title, page, quote from public.citations") == [(1, "Notes", 1, "Old")]


def test_a_passage_deleted_meanwhile_is_not_cited(engine: Engine) -> None:
    user = engine.person()
    document = engine.ingest(user, ["Old weir."])
    chunk = engine.one("select id from public.chunks")
    engine.ask(engine.conversation(user))
    job = engine.claim_one("respond")
    engine.all("delete from public.documents where id = %s", document)

    assert engine.act("complete_respond_v1", job, cited(chunk)) == "done"

    assert engine.all("select 1 from public.citations") == []


def delete(engine: Engine, document: uuid.UUID) -> None:
    engine.all("delete from public.documents where id = %s", document)


def swap(engine: Engine, document: uuid.UUID) -> None:
    engine.all("update public.documents set content = 'changed' where id = %s", document)
    engine.parse(["New weir."])
    engine.embed()


@pytest.mark.parametrize("take_away", [delete, swap])
def test_an_answer_waits_for_whoever_is_taking_away_what_it_cites(
    engine: Engine, take_away: Callable[[Engine, uuid.UUID], None]
) -> None:
    user = engine.person()
    document = engine.ingest(user, ["Old weir."])
    chunk = engine.one("select id from public.chunks")
    answer = engine.ask(engine.conversation(user))
    job = engine.claim_one("respond")

    with engine.connection.transaction():
        take_away(engine, document)
        outcome = waiting(engine, lambda other: other.act("complete_respond_v1", job, cited(chunk)))

    assert outcome.result() == "done"
    assert message(engine, answer)[0] == "complete"
    assert engine.all("select 1 from public.citations") == []


def test_what_is_left_to_do_for_a_deleted_conversation_is_nothing(engine: Engine) -> None:
    user = engine.person()
    engine.ingest(user, ["Old weir."])
    chunk = engine.one("select id from public.chunks")
    steps: list[tuple[str, object]] = [("save_draft_v1", "half"), ("complete_respond_v1", cited(chunk))]
    for step, value in steps:
        conversation = engine.conversation(user)
        engine.ask(conversation)
        job = engine.claim_one("respond")
        engine.act("start_respond_v1", job)
        engine.all("delete from public.conversations where id = %s", conversation)

        assert engine.act(step, job, value) == "superseded"
    assert engine.all("select distinct outcome from rivulet.job_history where queue = 'respond'") == [("cancelled",)]


def test_a_citation_survives_its_document_and_says_so(engine: Engine) -> None:
    user = engine.person()
    document = engine.ingest(user, ["Old weir."])
    engine.ask(engine.conversation(user))
    job = engine.claim_one("respond")
    engine.act("complete_respond_v1", job, cited(engine.one("select id from public.chunks")))

    engine.all("delete from public.documents where id = %s", document)

    assert engine.all("select chunk_id, document_id, title, quote from public.citations") == [
        (None, None, "Notes", "Old")
    ]


def test_a_new_attempt_takes_the_draft_over(engine: Engine) -> None:
    answer = engine.ask(engine.conversation(engine.person()))
    first = engine.claim_one("respond")
    engine.act("start_respond_v1", first)
    engine.act("save_draft_v1", first, "half of the")
    engine.expire_leases()
    engine.sweep()
    second = engine.claim_one("respond")
    engine.act("start_respond_v1", second)

    assert engine.act("save_draft_v1", first, "half of the zombie") == "stale"
    assert message(engine, answer) == ("streaming", "")


def test_stop_before_the_start_ends_the_job_and_frees_the_next(engine: Engine) -> None:
    conversation = engine.conversation(engine.person())
    first, second = engine.ask(conversation), engine.ask(conversation)

    engine.all("update public.messages set status = 'cancelled' where id = %s", first)

    assert engine.claim_one("respond")["subject_id"] == str(second)


def test_stop_while_running_reaches_the_worker_and_keeps_the_text(engine: Engine) -> None:
    answer = engine.ask(engine.conversation(engine.person()))
    job = engine.claim_one("respond")
    engine.act("start_respond_v1", job)

    engine.all("update public.messages set status = 'cancelled' where id = %s", answer)

    names = f'[{{"id": {job["id"]}, "fence": {job["fence"]}}}]'
    assert engine.one("select public.heartbeat_jobs_v1(%s)", names)[0]["status"] == "cancel"
    assert engine.act("save_draft_v1", job, "as far as it came") == "cancel"
    assert message(engine, answer) == ("cancelled", "as far as it came")
    assert engine.act("complete_respond_v1", job, ANSWER) == "cancelled"
    assert message(engine, answer) == ("cancelled", "Old [1].")


@pytest.mark.parametrize(("step", "values"), [("start_respond_v1", []), ("save_draft_v1", ["half"])])
def test_stop_and_a_step_of_the_responder_never_wait_for_each_other(
    engine: Engine, step: str, values: list[object]
) -> None:
    answer = engine.ask(engine.conversation(engine.person()))
    job = engine.claim_one("respond")
    engine.act("start_respond_v1", job)

    with engine.connection.transaction():
        engine.all("select from public.messages where id = %s for no key update", answer)  # as whoever edits does
        outcome = waiting(engine, lambda other: other.act(step, job, *values))
        engine.all("update public.messages set status = 'cancelled' where id = %s", answer)

    assert outcome.result() == ("cancel" if values else "superseded")


def test_the_history_holds_earlier_finished_turns_in_order(engine: Engine) -> None:
    conversation = engine.conversation(engine.person())
    engine.ask(conversation, "First?")
    job = engine.claim_one("respond")
    engine.act("start_respond_v1", job)
    engine.act("complete_respond_v1", job, ANSWER)
    engine.ask(conversation, "Second?")
    job = engine.claim_one("respond")

    started = engine.one("select public.start_respond_v1(%s, %s)", job["id"], job["fence"])

    assert started["question"] == "Second?"
    assert [turn["content"] for turn in started["history"]] == ["First?", "Old [1]."]


def test_an_empty_question_is_refused(engine: Engine) -> None:
    conversation = engine.conversation(engine.person())
    with pytest.raises(psycopg.errors.CheckViolation, match="question_length"):
        engine.ask(conversation, "   ")
