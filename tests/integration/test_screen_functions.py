"""What the web application asks the database besides rows: passages by words, what to ask next, operations, traces."""

import uuid

import psycopg
import pytest

from tests.integration.engine import ANSWER, Engine
from tests.integration.test_sharing import account, act
from tests.integration.test_visibility import signed_in


def operator(engine: Engine) -> uuid.UUID:
    user, email = account(engine)
    assert engine.one("select public.set_operator_v1(%s)", email.upper()) is True
    return user


def test_passages_are_found_by_words_and_by_those_who_may_see_them(engine: Engine) -> None:
    user, stranger = engine.person(), engine.person()
    document = engine.ingest(user, ["The weir was built of granite.", "Trout pass the ladder."])
    search = "select document_id, text from public.search_passages('granite')"
    assert act(engine, user, search) == [(document, "The weir was built of granite.")]
    assert act(engine, stranger, search) == []
    assert act(engine, user, "select text from public.search_passages('granite', %s)", engine.library(stranger)) == []


def test_follow_ups_are_sections_that_were_read_and_not_cited(engine: Engine) -> None:
    user, stranger = engine.person(), engine.person()
    engine.ingest(user, ["Built in 1903.", "Trout pass.", "Also built in 1904."])
    headings = [["Notes", "History"], ["Notes", "Fish ladder"], ["Notes", "History"]]
    for ordinal, path in enumerate(headings):
        engine.all("update public.chunks set heading_path = %s where ordinal = %s", path, ordinal)
    ids = [str(each) for (each,) in engine.all("select id from public.chunks order by ordinal")]
    answer = engine.ask(engine.conversation(user))
    citation = {"marker": 1, "chunk_id": ids[0], "char_start": 0, "char_end": 5}
    provenance = {"query": "weir", "passages": ids, "prompt_sha256": "0" * 64, "prompt_tokens": 9}
    job = engine.claim_one("respond")
    engine.act("complete_respond_v1", job, {**ANSWER, "citations": [citation], "provenance": provenance})
    ask = "select title, heading from public.follow_ups(%s)"
    assert act(engine, user, ask, answer) == [("Notes", "Fish ladder")]
    assert act(engine, stranger, ask, answer) == []


OPERATIONS = [
    "select public.ops_overview()",
    "select public.ops_series()",
    "select public.ops_redrive('parse')",
    "select public.ops_cancel(1)",
    "select public.ops_trace('x')",
]


@pytest.mark.parametrize("statement", OPERATIONS)
def test_operations_are_for_operators(engine: Engine, statement: str) -> None:
    user = engine.person()
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="for operators"):
        act(engine, user, statement)
    with signed_in(engine, None, "anon") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())
    act(engine, operator(engine), statement)


def test_who_is_no_operator_has_nothing_searched(engine: Engine) -> None:
    engine.all(
        "create or replace function rivulet.subjects_of_trace(p_id text) returns uuid[]"
        " language plpgsql as $$ begin raise 'searched'; end $$"
    )
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="for operators"):
        act(engine, engine.person(), "select public.ops_trace('x')")


def test_who_is_no_operator_any_more_sees_nothing(engine: Engine) -> None:
    user = operator(engine)
    assert act(engine, user, "select public.is_operator()") == [(True,)]
    engine.one("select public.set_operator_v1(%s, false)", f"{user}@example.com")
    assert act(engine, user, "select public.is_operator()") == [(False,)]
    assert engine.one("select public.set_operator_v1('nobody@example.com')") is False


def test_the_overview_shows_what_is_dead_and_stuck_and_it_can_be_redriven(engine: Engine) -> None:
    user = operator(engine)
    document = engine.document(engine.person(), "Broken")
    engine.fail(engine.claim_one("parse"), "permanent")
    [(overview,)] = act(engine, user, "select public.ops_overview()")
    assert isinstance(overview, dict)
    assert overview["queues"]["parse"]["dead"] == 1
    assert [each["subject_id"] for each in overview["dead"]] == [str(document)]
    assert [(each["title"], each["error_message"]) for each in overview["documents"]] == [("Broken", "It broke.")]

    assert act(engine, user, "select public.ops_redrive('parse', %s)", document) == [(1,)]
    [(overview,)] = act(engine, user, "select public.ops_overview()")
    assert isinstance(overview, dict)
    [live] = overview["live"]
    assert act(engine, user, "select public.ops_cancel(%s) ->> 'jobs'", live["id"]) == [("1",)]
    done = engine.all(
        "select action, detail ->> 'user_id' from rivulet.audit_log where action like '%%in_browser' order by id"
    )
    assert done == [("redrive_in_browser", str(user)), ("cancel_in_browser", str(user))]


def test_the_last_hour_counts_jobs_and_the_time_to_the_first_token(engine: Engine) -> None:
    user = engine.person()
    engine.ingest(user, ["Old weir."])
    engine.ask(engine.conversation(user))
    timings = {"queued": 40, "retrieve": 100, "first_token": 260, "total": 900}
    engine.act("complete_respond_v1", engine.claim_one("respond"), {**ANSWER, "timings": timings})
    [(series,)] = act(engine, operator(engine), "select public.ops_series()")
    assert isinstance(series, dict)
    assert {each["queue"]: each["done"] for each in series["jobs"]} == {"parse": 1, "embed": 1, "respond": 1}
    [answers] = series["answers"]
    assert (answers["answers"], answers["median"], answers["slow"]) == (1, 300, 300)


def test_one_trace_leads_from_an_upload_and_from_a_question_to_their_ends(engine: Engine) -> None:
    user = engine.person()
    document = engine.ingest(user, ["Old weir."])
    trace = engine.one("select trace_id from public.documents where id = %s", document)
    looks = operator(engine)
    for name in (str(document), trace):
        [(found,)] = act(engine, looks, "select public.ops_trace(%s)", name)
        assert isinstance(found, dict)
        assert [(job["queue"], job["state"]) for job in found["jobs"]] == [("parse", "done"), ("embed", "done")]
        assert [each["id"] for each in found["documents"]] == [str(document)]

    answer = engine.ask(engine.conversation(user))
    engine.act("complete_respond_v1", engine.claim_one("respond"), ANSWER)
    [(found,)] = act(engine, looks, "select public.ops_trace(%s)", str(answer))
    assert isinstance(found, dict)
    assert [(each["role"], each["status"]) for each in found["messages"]] == [
        ("user", "complete"),
        ("assistant", "complete"),
    ]
    assert "content" not in found["messages"][0]
    [(nothing,)] = act(engine, looks, "select public.ops_trace('weir')")
    assert nothing == {"documents": [], "messages": [], "jobs": [], "deletions": []}
