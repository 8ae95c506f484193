"""The audit finds what Postgres and the index disagree about, mends it and proves it."""

import json
import uuid
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner, Result

from schema.documents import StoredChunk
from schema.places import Page, Place, vector_id
from tests.conftest import Gateway
from tests.integration.desk import SMALL, Desk, new_mark
from tests.integration.engine import Engine

TEXTS = ["the weir was built in 1903", "by Anton Falk of Marbruck", "and it is old"]


@pytest.fixture
def desk(gateway: Gateway, chroma: str, engine: Engine) -> Iterator[Desk]:
    made = Desk(gateway, chroma, engine)
    yield made
    made.close()


@pytest.fixture
def audit(gateway: Gateway, chroma: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command."""
    from infra.cli.commands import app

    monkeypatch.setenv("SUPABASE_URL", gateway.url)
    monkeypatch.setenv("SUPABASE_SECRET_KEY", gateway.database.secret_key)
    monkeypatch.setenv("CHROMA_URL", chroma)
    return lambda *options: CliRunner().invoke(app, ["audit", *options])


def spoil(desk: Desk, place: Place, library: uuid.UUID) -> None:
    """One of everything that can be wrong."""
    [first, second, third] = [
        row
        for (row,) in desk.engine.all(
            "select to_jsonb(c) - 'search' from public.chunks c where library_id = %s order by ordinal", library
        )
    ]
    vectors = [[1.0] * 64]
    ghost = StoredChunk.model_validate({**first, "id": uuid.uuid4()})
    elsewhere = Place(collection=f"{place.collection}-left", model=place.model)
    wrong = StoredChunk.model_validate({**second, "version": 7})
    desk.run(desk.index.upsert(place, [ghost], vectors))
    desk.run(desk.index.upsert(place, [wrong], vectors))
    desk.run(desk.index.upsert(elsewhere, [StoredChunk.model_validate(first)], vectors))
    desk.run(desk.index.remove(place.physical, [vector_id(uuid.UUID(third["id"]))]))


def test_everything_wrong_is_found_and_mended(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    desk.add(user, TEXTS)
    place = desk.place(engine.library(user))
    stranger = engine.person()
    desk.add(stranger, TEXTS)
    assert desk.audit().drift == 0
    spoil(desk, place, engine.library(user))

    found = desk.audit(repair=True)

    assert dict(found.faults) == {"ghost": 1, "mislabelled": 1, "missing": 1, "stray": 1}
    assert desk.audit().drift == 0
    assert desk.count(place, library_id=str(engine.library(user))) == 3


def test_vectors_in_anothers_place_are_misplaced(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    desk.add(user, TEXTS)
    library = engine.library(user)
    before = desk.place(library)
    engine.all("update rivulet.placements set collection = 'shard-moved' where library_id = %s", library)
    other = engine.person()
    engine.all(
        "update rivulet.placements set collection = %s where library_id = %s", before.collection, engine.library(other)
    )
    desk.add(other, TEXTS[:1])

    found = desk.audit(repair=True)

    assert (found.faults["misplaced"], found.faults["missing"]) == (3, 3)
    assert desk.audit().drift == 0
    assert (desk.count(before), desk.count(desk.place(library))) == (1, 3)


def test_another_projects_vectors_in_the_same_database_stay(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    desk.add(user, TEXTS)
    place = desk.place(engine.library(user))
    chunk = StoredChunk.model_validate(engine.one("select to_jsonb(c) - 'search' from public.chunks c limit 1"))
    new_mark(engine)
    others = place.model_copy(update={"collection": f"p{uuid.uuid4().hex}-shard-1"})
    desk.run(desk.index.upsert(others, [chunk], [[1.0] * 64]))

    assert desk.audit(repair=True).drift == 0
    assert (desk.count(place), desk.count(others)) == (3, 1)


def use(engine: Engine, place: Place, library: uuid.UUID) -> None:
    """As when a library is assigned to a collection."""
    engine.all("update rivulet.placements set collection = %s where library_id = %s", place.collection, library)


def test_a_collection_that_comes_into_use_while_others_are_looked_at_is_no_stray(
    desk: Desk, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = engine.person()
    desk.add(user, TEXTS)
    place = desk.place(engine.library(user))
    chunk = StoredChunk.model_validate(engine.one("select to_jsonb(c) - 'search' from public.chunks c limit 1"))
    new, look = place.model_copy(update={"collection": f"{place.collection}-new"}), desk.index.page

    async def meanwhile(collection: str, offset: int, library: uuid.UUID | None = None) -> Page:
        if collection == place.physical:
            use(engine, new, engine.library(user))
            await desk.index.upsert(new, [chunk], [[1.0] * 64])
        return await look(collection, offset, library)

    monkeypatch.setattr(desk.index, "page", meanwhile)

    assert new.physical not in desk.audit().strays


def test_a_stray_collection_that_came_into_use_since_is_not_removed(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    desk.add(user, TEXTS)
    place = desk.place(engine.library(user))
    chunk = StoredChunk.model_validate(engine.one("select to_jsonb(c) - 'search' from public.chunks c limit 1"))
    left = place.model_copy(update={"collection": f"{place.collection}-left"})
    desk.run(desk.index.upsert(left, [chunk], [[1.0] * 64]))
    found = desk.audit()
    assert found.strays == [left.physical]

    use(engine, left, engine.library(user))
    desk.repair(found)

    assert desk.count(left) == 1


def test_what_a_purge_is_about_to_remove_is_no_drift(desk: Desk, engine: Engine) -> None:
    user = engine.person()
    desk.add(user, TEXTS)
    document = desk.add(user, TEXTS)
    engine.all("delete from public.documents where id = %s", document)

    assert (desk.audit().faults["pending"], desk.audit().drift) == (3, 0)
    desk.finish("purge")
    assert desk.audit().faults["pending"] == 0


def test_without_the_purge_the_audit_finds_ghosts(desk: Desk, engine: Engine) -> None:
    engine.all("drop trigger documents_purge on public.documents")
    user = engine.person()
    desk.add(user, TEXTS)
    document = desk.add(user, TEXTS)

    engine.all("delete from public.documents where id = %s", document)
    desk.finish("purge")

    assert desk.audit().faults["ghost"] == 3


def test_memory_is_bounded_by_pages(desk: Desk, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.effects.upkeep_chroma.PAGE", 4)
    user = engine.person()
    documents = [desk.add(user, TEXTS) for _ in range(4)]
    assert desk.audit().vectors == 12
    engine.all("drop trigger documents_purge on public.documents")
    engine.all("delete from public.documents where id = any (%s)", documents[1:])

    found = desk.audit(repair=True)

    assert found.faults["ghost"] == 9
    assert desk.audit().drift == 0


def test_the_command_tells_mends_and_proves(desk: Desk, engine: Engine, audit: Callable[..., Result]) -> None:
    user = engine.person()
    desk.add(user, TEXTS)
    clean = audit()
    place = desk.place(engine.library(user))
    assert place.model == SMALL
    ghost = StoredChunk.model_validate(
        {**engine.one("select to_jsonb(c) - 'search' from public.chunks c limit 1"), "id": uuid.uuid4()}
    )
    desk.run(desk.index.upsert(place, [ghost], [[1.0] * 64]))

    spoilt = audit("--json")
    mended = audit("--repair", "--json")

    assert clean.exit_code == 0, clean.output
    assert spoilt.exit_code == 1
    assert json.loads(spoilt.stdout)["ghost"] == 1
    assert mended.exit_code == 0
    assert json.loads(mended.stdout)["repaired"] is True
    assert audit().exit_code == 0


def test_an_empty_project_does_not_empty_the_index(desk: Desk, engine: Engine, audit: Callable[..., Result]) -> None:
    """It may be a new one into which nothing has been restored yet, or one that has the index of another."""
    desk.add(engine.person(), TEXTS)
    vectors = desk.audit().vectors
    engine.all("set session_replication_role = replica; delete from public.chunks")

    refused = audit("--repair")

    assert "Postgres has no passage" in str(refused.exception)
    assert desk.audit().vectors == vectors > 0
