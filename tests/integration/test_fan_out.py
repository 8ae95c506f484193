"""Passages are embedded while the rest is read; what an edit left alone is not; progress is told in measure."""

import json
import uuid

from tests.integration.engine import Engine, Row, passage
from tests.integration.test_documents import lexical, put_object

DOCUMENT = "select status, version, pages_read, chunks_total, chunks_done from public.documents"


def begin(engine: Engine) -> Row:
    job = engine.claim_one("parse")
    assert engine.act("start_parse_v1", job) == "ok"
    return job


def append(engine: Engine, job: Row, first: int, *texts: str, pages: int = 1) -> list[Row]:
    rows = [passage(number, text) for number, text in enumerate(texts, first)]
    assert engine.act("append_chunks_v1", job, rows, pages, 2) == "ok"
    return rows


def read(engine: Engine, job: Row) -> str:
    return engine.act("complete_parse_v1", job, 3, "text/plain", None)


def embed_all(engine: Engine) -> list[str]:
    return [engine.act("complete_embed_v1", job, 1) for job in engine.claim("embed")]


def test_passages_are_embedded_while_the_rest_is_read(engine: Engine) -> None:
    user = engine.person()
    document = engine.document(user)
    job = begin(engine)
    append(engine, job, 0, "alpha river", "beta river", "gamma river")

    assert embed_all(engine) == ["done", "done"]
    append(engine, job, 3, "delta river")
    assert embed_all(engine) == ["done"]
    assert engine.status(document) == "parsing"
    assert lexical(engine, user, "river") == []

    assert read(engine, job) == "done"
    assert engine.all(DOCUMENT) == [("ready", 1, 3, 4, 4)]
    assert len(lexical(engine, user, "river")) == 4


def test_the_last_batch_activates_what_has_been_read(engine: Engine) -> None:
    document = engine.document(engine.person())
    job = begin(engine)
    append(engine, job, 0, "one", "two", "three")
    read(engine, job)
    first, second = engine.claim("embed")

    engine.act("complete_embed_v1", second, 1)
    assert engine.status(document) == "embedding"
    engine.act("complete_embed_v1", first, 1)

    assert engine.all(DOCUMENT) == [("ready", 1, 3, 3, 3)]


def test_a_document_without_passages_ends_too(engine: Engine) -> None:
    document = engine.document(engine.person())
    read(engine, begin(engine))

    assert engine.status(document) == "ready"


def test_a_batch_that_is_written_again_is_not_embedded_again(engine: Engine) -> None:
    engine.document(engine.person())
    job = begin(engine)
    rows = append(engine, job, 0, "one", "two")
    assert embed_all(engine) == ["done"]

    assert engine.act("append_chunks_v1", job, rows, 1, 2) == "ok"

    assert engine.claim("embed") == []
    read(engine, job)
    assert engine.all(DOCUMENT) == [("ready", 1, 3, 2, 2)]


def test_progress_is_told_at_most_every_250_ms_and_the_end_exactly(engine: Engine) -> None:
    engine.document(engine.person())
    job = begin(engine)
    told = "select count(*) from realtime.messages where event = 'UPDATE' and topic like 'library:%%'"
    before = engine.one(told)

    engine.all("update rivulet.progress set told_at = clock_timestamp() + interval '1 hour'")  # just now, for long
    for number in range(5):
        append(engine, job, 2 * number, f"{number} a", f"{number} b", pages=number)
    assert embed_all(engine)[:5] == ["done"] * 4  # as many as one tenant may have at once
    assert engine.one(told) == before
    assert engine.all("select pages_read, chunks_total, chunks_done from rivulet.progress") == [(4, 10, 8)]

    engine.all("update rivulet.progress set told_at = clock_timestamp() - interval '251 ms'")
    append(engine, job, 10, "last", pages=5)
    assert engine.one(told) == before + 1
    assert engine.all(DOCUMENT) == [("parsing", 1, 5, 11, 8)]
    append(engine, job, 11, "very last", pages=6)
    assert engine.one(told) == before + 1

    read(engine, job)
    embed_all(engine)
    assert engine.all(DOCUMENT) == [("ready", 1, 3, 12, 12)]


def test_how_far_it_came_is_told_when_it_fails(engine: Engine) -> None:
    engine.document(engine.person())
    job = begin(engine)
    engine.all("update rivulet.progress set told_at = clock_timestamp() + interval '1 hour'")
    append(engine, job, 0, "one", "two", "three", pages=2)
    one, other = engine.claim("embed")
    engine.act("complete_embed_v1", one, 1)

    engine.fail(other, "permanent")

    assert engine.all(DOCUMENT) == [("failed", 1, 2, 3, 2)]
    assert engine.act("append_chunks_v1", job, [], 3) == "superseded"


def test_reading_again_after_a_crash_leaves_nothing_half_done_and_copies_what_there_is(engine: Engine) -> None:
    user = engine.person()
    document = engine.document(user)
    append(engine, begin(engine), 0, "one", "two", "three")
    done, late = engine.claim("embed")
    engine.act("complete_embed_v1", done, 1)
    engine.all("update rivulet.jobs set lease_until = clock_timestamp() - interval '1 s' where queue = 'parse'")
    engine.sweep()

    job = begin(engine)
    append(engine, job, 0, "one", "other")

    assert engine.act("complete_embed_v1", late, 1) == "superseded"
    assert engine.all("select version, text, copy_of is not null from public.chunks where version = 2") == [
        (2, "one", True),
        (2, "other", False),
    ]
    read(engine, job)
    assert embed_all(engine) == ["done"]
    assert engine.all(DOCUMENT) == [("ready", 2, 3, 2, 2)]
    assert engine.all("select distinct version from public.chunks where document_id = %s", document) == [(2,)]
    assert {job["payload"]["document_id"] for job in engine.claim("purge")} == {str(document)}


def test_an_edit_names_the_passages_whose_vectors_it_takes_over(engine: Engine) -> None:
    user = engine.person()
    document = engine.ingest(user, ["one", "two", "three"])
    old = dict(engine.all("select text, id from public.chunks"))
    engine.all("update public.documents set content = 'changed' where id = %s", document)

    engine.parse(["one", "2", "three"])

    assert engine.all("select text, copy_of from public.chunks where version = 2 order by ordinal") == [
        ("one", old["one"]),
        ("2", None),
        ("three", old["three"]),
    ]


def test_the_next_version_hears_how_passages_began(engine: Engine) -> None:
    document = engine.ingest(engine.person(), ["one", "two", "three"])
    engine.all("update public.documents set content = 'changed' where id = %s", document)
    job = engine.claim_one("parse")

    reply = engine.one("select public.start_parse_v1(%s, %s)", job["id"], job["fence"])

    assert sorted(reply["document"]["anchors"]) == [0, 1, 2]


def test_a_retry_begins_a_version_of_its_own(engine: Engine) -> None:
    document = engine.document(engine.person())
    append(engine, begin(engine), 0, "one", "two")
    engine.fail(engine.claim_one("embed"), "permanent")

    assert engine.one("select rivulet.restart_document(%s)", document)

    assert engine.all(DOCUMENT) == [("queued", 2, 0, None, 0)]
    append(engine, begin(engine), 0, "one", "two")
    assert engine.one("select count(copy_of) from public.chunks where version = 2") == 2


def test_what_storage_does_to_move_an_object_is_no_work(engine: Engine) -> None:
    """It writes name, version and metadata in one statement; the bytes, and with them the eTag, are the same."""
    library = engine.library(engine.person())
    put_object(engine, f"{library}/old.txt")
    engine.parse(["text"])
    engine.embed()

    metadata = {"size": 4, "mimetype": "text/plain", "eTag": "one", "lastModified": "later"}
    engine.all(
        "update storage.objects set name = %s, version = %s, metadata = %s",
        f"{library}/folder/new.txt",
        str(uuid.uuid4()),
        json.dumps(metadata),
    )

    assert engine.all("select title, status, version from public.documents") == [("new.txt", "ready", 1)]
    assert engine.claim("parse") == []
