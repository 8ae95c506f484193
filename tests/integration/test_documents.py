"""From an event to searchable passages, and back: versions swap as a whole, deletes propagate."""

import json
import uuid

import psycopg
import pytest

from tests.integration.engine import Engine


def put_object(engine: Engine, name: str, etag: str = "one", bucket: str = "documents") -> None:
    metadata = {"size": 4, "mimetype": "text/plain", "eTag": etag}
    engine.all(
        "insert into storage.objects (bucket_id, name, metadata, version) values (%s, %s, %s, %s)"
        " on conflict (bucket_id, name) do update set metadata = excluded.metadata, version = excluded.version",
        bucket,
        name,
        json.dumps(metadata),
        str(uuid.uuid4()),
    )


def lexical(engine: Engine, user: uuid.UUID, query: str) -> list[str]:
    """The texts of the passages that the person finds by words."""
    hits = engine.one("select public.lexical_search_v1(%s, %s)", user, query)
    return [engine.one("select text from public.chunks where id = %s", hit["chunk_id"]) for hit in hits]


def test_an_upload_becomes_a_document_and_a_job(engine: Engine) -> None:
    user = engine.person()
    name = f"{engine.library(user)}/sub/Report 1.pdf"

    put_object(engine, name)

    [(title, status, library)] = engine.all("select title, status, library_id from public.documents")
    assert (title, status, library) == ("Report 1.pdf", "queued", engine.library(user))
    assert len(engine.claim("parse")) == 1


def test_the_same_bytes_again_are_no_work(engine: Engine) -> None:
    name = f"{engine.library(engine.person())}/a.txt"
    put_object(engine, name, "one")
    put_object(engine, name, "one")

    assert engine.one("select version from public.documents") == 1
    assert len(engine.claim("parse")) == 1


def test_an_object_still_being_written_is_not_announced(engine: Engine) -> None:
    name = f"{engine.library(engine.person())}/a.txt"
    engine.all("insert into storage.objects (bucket_id, name) values ('documents', %s)", name)
    assert engine.all("select 1 from public.documents") == []

    put_object(engine, name)
    assert len(engine.all("select 1 from public.documents")) == 1


def test_other_buckets_are_none_of_our_business(engine: Engine) -> None:
    engine.all("insert into storage.buckets (id, name) values ('avatars', 'avatars')")
    put_object(engine, "me.png", bucket="avatars")

    assert engine.all("select 1 from public.documents") == []


def test_an_object_that_belongs_to_no_library_is_refused(engine: Engine) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="<library id>/<file name>"):
        put_object(engine, "stray.txt")


@pytest.mark.parametrize("rest", ["../{}/a.txt", "./a.txt", "a//b.txt", "a/..", "a/", "/a.txt"])
def test_a_name_that_leads_out_of_its_library_is_refused(engine: Engine, rest: str) -> None:
    library, other = engine.library(engine.person()), engine.library(engine.person())
    name = f"{library}/{rest.format(other)}"
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="may be empty"):
        put_object(engine, name)

    put_object(engine, f"{library}/..a/b..c/...")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="may be empty"):
        engine.all("update storage.objects set name = %s", name)


def test_a_moved_object_is_the_same_document(engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    put_object(engine, f"{library}/old.txt")
    engine.parse(["text"])
    engine.embed()

    engine.all("update storage.objects set name = %s", f"{library}/new.txt")

    assert engine.all("select title, status, version from public.documents") == [("new.txt", "ready", 1)]
    assert engine.claim("parse") == []


def test_a_document_becomes_searchable_as_a_whole(engine: Engine) -> None:
    user = engine.person()
    document = engine.document(user)
    engine.parse(["alpha river", "beta river", "gamma river"])
    first, second = engine.claim("embed")

    assert engine.act("complete_embed_v1", second, 1) == "done"
    assert lexical(engine, user, "river") == []

    assert engine.act("complete_embed_v1", first, 1) == "done"
    assert engine.status(document) == "ready"
    assert sorted(lexical(engine, user, "river")) == ["alpha river", "beta river", "gamma river"]


def test_a_new_version_swaps_in_while_the_old_one_answers(engine: Engine) -> None:
    user = engine.person()
    document = engine.ingest(user, ["the old weir"])

    engine.all("update public.documents set content = 'changed' where id = %s", document)
    assert lexical(engine, user, "weir") == ["the old weir"]
    engine.parse(["the new weir"])
    assert lexical(engine, user, "weir") == ["the old weir"]
    engine.embed()

    assert lexical(engine, user, "weir") == ["the new weir"]
    purge = engine.claim_one("purge")
    assert purge["payload"]["upto"] == 1


def test_work_on_a_replaced_version_ends_without_effect(engine: Engine) -> None:
    user = engine.person()
    document = engine.document(user)
    job = engine.claim_one("parse")
    engine.all("update public.documents set content = 'changed' where id = %s", document)

    assert engine.act("complete_parse_v1", job, 1, "text/plain", None) == "superseded"

    assert engine.status(document) == "queued"
    assert engine.running("parse", user) == 0


def test_a_failed_replacement_leaves_the_old_version_searchable(engine: Engine) -> None:
    user = engine.person()
    document = engine.ingest(user, ["the old weir"])
    engine.all("update public.documents set content = 'changed' where id = %s", document)

    engine.fail(engine.claim_one("parse"), "permanent")

    assert engine.status(document) == "failed"
    assert lexical(engine, user, "weir") == ["the old weir"]


def test_a_deleted_document_is_invisible_at_once_and_purged(engine: Engine) -> None:
    user = engine.person()
    document = engine.ingest(user, ["the old weir"])
    chunk = engine.one("select id from public.chunks")

    engine.all("delete from public.documents where id = %s", document)

    assert lexical(engine, user, "weir") == []
    assert engine.one("select public.visible_chunks_v1(%s, %s)", user, [chunk]) == []
    purge = engine.claim_one("purge")
    assert purge["payload"]["document_id"] == str(document)
    assert engine.one("select cause from public.deletions") == "document"


def test_deleting_the_object_deletes_the_document(engine: Engine) -> None:
    user = engine.person()
    put_object(engine, f"{engine.library(user)}/a.txt")
    engine.connection.execute("select set_config('storage.allow_delete_query', 'true', false)")

    engine.all("delete from storage.objects")

    assert engine.all("select 1 from public.documents") == []
    job = engine.claim_one("parse")
    assert engine.act("start_parse_v1", job) == "superseded"


def test_deleting_a_person_purges_everything_of_theirs(engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    engine.ingest(user, ["the old weir"])
    engine.ask(engine.conversation(user))

    engine.all("delete from auth.users where id = %s", user)

    assert engine.all("select 1 from public.chunks") == []
    assert engine.claim_one("purge")["payload"]["library_id"] == str(library)
    assert engine.act("start_respond_v1", engine.claim_one("respond")) == "superseded"


def test_inline_text_is_bounded(engine: Engine) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="document_content_size"):
        engine.document(engine.person(), content="x" * (10 * 1024 * 1024 + 1))
