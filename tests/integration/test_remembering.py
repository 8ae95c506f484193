"""What a search found is remembered until something is different, and never shown to who lost the right to see it."""

import uuid
from array import array
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import psycopg
import pytest

from functions.effects.cache_redis import RedisCache
from functions.effects.search_supabase import SupabaseSearch
from functions.effects.supabase import Supabase
from functions.handlers.retrieval.remember import RememberingRetriever
from schema.answers import Placement
from schema.ports import TextKind, Vector
from schema.search import Filter, Hit
from schema.settings import Settings
from tests.conftest import Gateway
from tests.integration.engine import Engine
from tests.integration.serverless import environment

pytestmark = pytest.mark.anyio


class Search(SupabaseSearch):
    """The real one; counts the searches."""

    searches = 0

    async def lexical(self, user: uuid.UUID, query: str, library: uuid.UUID | None, limit: int, where: Filter) -> Any:
        self.searches += 1
        return await super().lexical(user, query, library, limit, where)


class Meaning:
    """An embedder and an index in one; finds nothing."""

    model = "m"

    async def embed(self, texts: Sequence[str], kind: TextKind, tenant: uuid.UUID | None = None) -> Sequence[Vector]:
        return [array("f", [1.0]) for _ in texts]

    async def query(self, placements: Sequence[Placement], vector: Vector, model: str, limit: int) -> Sequence[Hit]:
        return []

    async def vectors(
        self, placements: Sequence[Placement], chunks: Sequence[uuid.UUID], model: str
    ) -> Mapping[uuid.UUID, Vector]:
        return {}


class Desk:
    """Somebody who searches."""

    def __init__(self, engine: Engine, supabase: Supabase, cache: RedisCache) -> None:
        self.engine = engine
        self.store = Search(supabase)
        meaning = Meaning()
        self._retriever = RememberingRetriever(self.store, lambda _: meaning, meaning, cache=cache)

    async def found(self, user: uuid.UUID, query: str = "weir", where: Filter | None = None) -> set[str]:
        retrieved = await self._retriever.retrieve(user, query, None, where or Filter())
        assert retrieved.notes == []
        return {passage.text for passage in retrieved.passages}


@pytest.fixture
async def supabase(gateway: Gateway, chroma: str) -> AsyncIterator[Supabase]:
    made = Supabase(Settings.from_env(environment(gateway.database, gateway.url, chroma, "http://127.0.0.1:1")))
    yield made
    await made.close()


@pytest.fixture
async def desk(engine: Engine, supabase: Supabase, redis_server: str) -> AsyncIterator[Desk]:
    cache = RedisCache(redis_server)
    yield Desk(engine, supabase, cache)
    await cache.close()


async def test_the_same_search_is_done_once_for_each_person(desk: Desk, engine: Engine) -> None:
    anna, bert = engine.person(), engine.person()
    engine.ingest(anna, ["The weir is old."])

    for _ in range(3):
        assert await desk.found(anna) == {"The weir is old."}
    assert desk.store.searches == 1

    assert await desk.found(bert) == set()
    assert await desk.found(anna, "old") == {"The weir is old."}
    assert await desk.found(anna, where=Filter(tags=["none"])) == set()
    assert desk.store.searches == 4


async def test_what_is_different_is_found_at_once(desk: Desk, engine: Engine) -> None:
    anna = engine.person()
    first = engine.ingest(anna, ["The weir is old."])
    assert await desk.found(anna) == {"The weir is old."}

    engine.ingest(anna, ["A weir of stone."])
    assert await desk.found(anna) == {"The weir is old.", "A weir of stone."}

    engine.all("update public.documents set content = 'new' where id = %s", first)
    engine.parse(["The weir is new."])
    engine.embed()
    assert await desk.found(anna) == {"The weir is new.", "A weir of stone."}

    engine.all("update public.documents set tags = '{kept}' where id = %s", first)
    assert await desk.found(anna, where=Filter(tags=["kept"])) == {"The weir is new."}
    engine.all("update public.documents set tags = '{}' where id = %s", first)
    assert await desk.found(anna, where=Filter(tags=["kept"])) == set()

    engine.all("delete from public.documents where id = %s", first)
    assert await desk.found(anna) == {"A weir of stone."}


async def test_a_right_that_was_lost_or_won_counts_at_once(desk: Desk, engine: Engine) -> None:
    anna, bert = engine.person(), engine.person()
    engine.ingest(anna, ["The weir is old."])
    library = engine.library(anna)
    assert await desk.found(bert) == set()

    engine.all("insert into public.library_members values (%s, %s, 'viewer')", library, bert)
    assert await desk.found(bert) == {"The weir is old."}
    engine.all("delete from public.library_members where user_id = %s and role = 'viewer'", bert)
    assert await desk.found(bert) == set()


async def test_each_change_gives_another_revision_whatever_the_order_of_commits(engine: Engine) -> None:
    user = engine.person()
    documents = [engine.ingest(user, [f"Weir {n}."]) for n in range(4)]
    seen = [revision(engine, user)]
    tag = "update public.documents set tags = tags || 'more'::text where id = %s"
    with psycopg.connect(engine.dsn) as early, psycopg.connect(engine.dsn) as late:
        early.execute(tag, [documents[0]])
        late.execute(tag, [documents[1]])
        late.commit()
        seen.append(revision(engine, user))
        engine.all(tag, documents[2])
        seen.append(revision(engine, user))
        early.commit()
        seen.append(revision(engine, user))
    for _ in range(3):
        engine.all(tag, documents[3])
        seen.append(revision(engine, user))

    assert len(set(seen)) == len(seen)
    assert engine.one("select count(*) from rivulet.changes where library_id = %s", engine.library(user)) <= 2
    assert revision(engine, user) == seen[-1]


def revision(engine: Engine, user: uuid.UUID) -> str:
    scope = engine.one("select public.search_scope_v1(%s)", user)
    named: str = scope["revision"]
    return named


async def test_with_redis_down_every_search_is_done(engine: Engine, supabase: Supabase) -> None:
    anna = engine.person()
    engine.ingest(anna, ["The weir is old."])
    desk = Desk(engine, supabase, RedisCache("redis://127.0.0.1:1"))

    assert await desk.found(anna) == await desk.found(anna) == {"The weir is old."}
    assert desk.store.searches == 2
