"""What is deleted is invisible at once and provably gone soon after, whoever still writes."""

import uuid
from collections.abc import Iterator

import httpx
import pytest

from schema.jobs import Outcome
from tests.conftest import Gateway
from tests.integration.desk import Desk
from tests.integration.engine import Engine, Row
from tests.integration.test_mechanisms import change

TEXTS = ["the weir was built in 1903", "by Anton Falk of Marbruck", "and it is old"]


@pytest.fixture
def desk(gateway: Gateway, chroma: str, engine: Engine) -> Iterator[Desk]:
    made = Desk(gateway, chroma, engine)
    yield made
    made.close()


def receipts(engine: Engine) -> list[Row]:
    return [row for (row,) in engine.all("select to_jsonb(d) from public.deletions d order by requested_at")]


def test_a_deleted_document_leaves_the_index_and_a_receipt(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    kept, document = desk.add(user, TEXTS), desk.add(user, TEXTS)
    place = desk.place(engine.library(user))
    assert desk.count(place, document_id=str(document)) == 3

    engine.all("delete from public.documents where id = %s", document)
    [before] = receipts(engine)
    assert desk.work("purge") == [Outcome.DONE]

    assert desk.count(place, document_id=str(document)) == 0
    assert desk.count(place, document_id=str(kept)) == 3
    [receipt] = receipts(engine)
    assert before["completed_at"] is None
    assert receipt["completed_at"] is not None
    assert (receipt["document_id"], receipt["owner_id"], receipt["cause"]) == (str(document), str(user), "document")
    assert (receipt["passages"], receipt["vectors_removed"], receipt["vectors_left"]) == (3, 3, 0)


def test_a_purge_waits_for_a_writer_from_before(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    document = engine.document(user)
    engine.parse(TEXTS[:1])

    async def delete_and_purge() -> None:
        engine.all("delete from public.documents where id = %s", document)
        assert await desk.at_work("purge") == [Outcome.PUT_OFF]
        assert receipts(engine)[0]["completed_at"] is None

    desk.index.before_write = delete_and_purge
    assert desk.work("embed") == [Outcome.SUPERSEDED]
    place = desk.place(engine.library(user))
    assert desk.count(place, document_id=str(document)) == 1

    desk.finish("purge")

    assert desk.count(place, document_id=str(document)) == 0
    assert receipts(engine)[0]["vectors_removed"] == 1


def test_a_purge_that_waits_for_nobody_is_noticed(desk: Desk, engine: Engine) -> None:
    change(engine, "rivulet.writers_before(bigint,uuid,uuid)", "j.state = 'running'", "false")

    with pytest.raises(AssertionError):
        test_a_purge_waits_for_a_writer_from_before(desk, engine)


def test_a_writer_that_lost_its_claim_reports_what_it_wrote(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    document = engine.document(user)
    engine.parse(TEXTS[:1])

    async def lose_everything() -> None:
        engine.expire_leases()
        engine.sweep()
        engine.all("delete from public.documents where id = %s", document)
        assert Outcome.SUPERSEDED in await desk.at_work("embed", "purge")
        assert receipts(engine)[0]["completed_at"] is not None

    desk.index.before_write = lose_everything
    assert desk.work("embed") == [Outcome.STALE]
    place = desk.place(engine.library(user))
    assert desk.count(place, document_id=str(document)) == 1

    assert desk.work("purge") == [Outcome.DONE]

    assert desk.count(place, document_id=str(document)) == 0


def test_a_late_report_harms_nothing_that_is_wanted(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    document = engine.document(user)
    engine.parse(TEXTS[:1])

    async def let_another_do_it() -> None:
        engine.expire_leases()
        engine.sweep()
        assert await desk.at_work("embed") == [Outcome.DONE]

    desk.index.before_write = let_another_do_it
    assert desk.work("embed") == [Outcome.STALE]
    desk.finish("purge")

    assert engine.status(document) == "ready"
    assert desk.count(desk.place(engine.library(user)), document_id=str(document)) == 1
    assert desk.audit().drift == 0


def test_a_replaced_version_is_purged_and_nothing_else(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    document = desk.add(user, TEXTS)

    desk.change(document, [*TEXTS[:2], "and nobody knows how old"])
    desk.finish("embed", "purge")

    assert desk.count(desk.place(engine.library(user)), document_id=str(document)) == 3
    assert desk.audit().drift == 0
    assert receipts(engine) == []


def test_an_id_that_comes_again_survives_the_purge_of_its_first_life(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    document = desk.add(user, TEXTS)
    engine.all("delete from public.documents where id = %s", document)
    engine.all(
        "insert into public.documents (id, library_id, owner_id, title, content) values (%s, %s, %s, 'Again', 'again')",
        document,
        engine.library(user),
        user,
    )
    engine.parse(["it is back"])
    desk.work("embed")

    desk.finish("purge")

    assert desk.count(desk.place(engine.library(user)), document_id=str(document)) == 1
    assert desk.audit().drift == 0


def test_a_deleted_library_is_one_purge_with_one_receipt(desk: Desk, engine: Engine, gateway: Gateway) -> None:
    user = engine.person()
    library = engine.one("insert into public.libraries (name, owner_id) values ('Rivers', %s) returning id", user)
    documents = [put_file(engine, gateway, library, f"{n} (1).txt") for n in range(3)]
    for _ in documents:
        engine.parse(TEXTS)
    desk.finish("embed")
    place = desk.place(library)
    assert desk.count(place, library_id=str(library)) == 9

    engine.all("delete from public.libraries where id = %s", library)
    assert desk.work("purge") == [Outcome.DONE]

    assert desk.count(place, library_id=str(library)) == 0
    assert engine.all("select 1 from storage.objects") == []
    assert engine.all("select 1 from rivulet.placements where library_id = %s", library) == []
    [receipt] = receipts(engine)
    assert (receipt["cause"], receipt["documents"], receipt["passages"]) == ("library", 3, 9)
    assert (receipt["vectors_removed"], receipt["vectors_left"], receipt["files_removed"]) == (9, 0, 3)


def test_a_deleted_library_waits_for_writers_too(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    library = engine.library(user)
    engine.document(user)
    engine.parse(TEXTS[:1])

    async def delete_and_purge() -> None:
        engine.all("delete from auth.users where id = %s", user)
        assert await desk.at_work("purge") == [Outcome.PUT_OFF]

    desk.index.before_write = delete_and_purge
    assert desk.work("embed") == [Outcome.SUPERSEDED]
    place = desk.place(library)
    assert desk.count(place, library_id=str(library)) == 1
    desk.finish("purge")

    assert desk.count(place, library_id=str(library)) == 0
    [receipt] = receipts(engine)
    assert (receipt["cause"], receipt["owner_id"]) == ("account", str(user))


def test_a_deleted_librarys_id_is_not_given_again(engine: Engine) -> None:
    user = engine.person()
    library = engine.one("insert into public.libraries (name, owner_id) values ('Rivers', %s) returning id", user)
    engine.all("delete from public.libraries where id = %s", library)

    with pytest.raises(Exception, match="was deleted"):
        engine.all("insert into public.libraries (id, name, owner_id) values (%s, 'Rivers', %s)", library, user)


def test_a_deleted_file_takes_its_document_along_and_says_so(desk: Desk, engine: Engine, gateway: Gateway) -> None:
    user = engine.person()
    name = f"{engine.library(user)}/a.txt"
    put_file(engine, gateway, engine.library(user), "a.txt")
    engine.parse(TEXTS)
    desk.finish("embed")

    storage(gateway, "DELETE", name).raise_for_status()
    desk.finish("purge")

    [receipt] = receipts(engine)
    assert (receipt["cause"], receipt["vectors_removed"]) == ("object", 3)


def test_a_deleted_row_takes_its_file_along(desk: Desk, engine: Engine, gateway: Gateway) -> None:
    user = engine.person()
    document = put_file(engine, gateway, engine.library(user), "a.txt")

    engine.all("delete from public.documents where id = %s", document)
    desk.finish("purge")

    assert engine.all("select 1 from storage.objects") == []
    assert receipts(engine)[0]["files_removed"] == 1


def test_receipts_are_seen_by_the_owner_alone(engine: Engine) -> None:
    owner, stranger = engine.person(), engine.person()
    engine.all("delete from public.documents where id = %s", engine.document(owner))

    def seen_by(user: uuid.UUID) -> int:
        with engine.connection.transaction():
            engine.all("select set_config('request.jwt.claims', json_build_object('sub', %s::text)::text, true)", user)
            engine.all("set local role authenticated")
            count: int = engine.one("select count(*) from public.deletions")
            return count

    assert (seen_by(owner), seen_by(stranger)) == (1, 0)


def put_file(engine: Engine, gateway: Gateway, library: uuid.UUID, name: str) -> uuid.UUID:
    storage(gateway, "POST", f"{library}/{name}", b"The weir is old.").raise_for_status()
    document: uuid.UUID = engine.one("select id from public.documents where object_name = %s", f"{library}/{name}")
    return document


def storage(gateway: Gateway, method: str, name: str, content: bytes | None = None) -> httpx.Response:
    key = gateway.database.secret_key
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}
    return httpx.request(method, f"{gateway.url}/storage/v1/object/documents/{name}", content=content, headers=headers)


def test_who_deletes_waits_for_no_table_to_be_read(engine: Engine) -> None:
    """What refers to a row that goes is found by an index."""
    unfound = engine.all(
        "select conrelid::regclass::text, conname::text from pg_constraint"
        " where contype = 'f' and connamespace in ('public'::regnamespace, 'rivulet'::regnamespace)"
        " and not exists (select from pg_index where indrelid = conrelid and indkey[0] = conkey[1])"
    )
    assert unfound == []
