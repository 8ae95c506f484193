"""Whatever happens to libraries, members, documents and versions: retrieval shows what row level security shows."""

import asyncio
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import hypothesis.strategies as st
import psycopg
from hypothesis import HealthCheck, given, settings

from functions.effects.cache_redis import RedisCache
from functions.handlers.retrieval.remember import RememberingRetriever
from functions.handlers.retrieval.retrieve import Retriever
from schema.answers import Placement, Scope
from schema.ports import Cache, TextKind, Vector
from schema.search import Filter, FoundPassage, Hit
from tests.integration.engine import Engine, passage

PEOPLE = 3
MODEL = "m"


class World:
    """Three people, whatever they do, and an index that remembers every passage there ever was."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.people = [engine.person() for _ in range(PEOPLE)]
        self.libraries = [engine.library(person) for person in self.people]
        self.documents: list[uuid.UUID] = []
        self.passages: list[uuid.UUID] = []

    # What people do. Numbers choose among what there is.

    def make_library(self, who: int) -> None:
        made = self.engine.one(
            "insert into public.libraries (name, owner_id) values ('l', %s) returning id", self.people[who]
        )
        self.libraries.append(made)

    def drop_library(self, which: int) -> None:
        self.engine.all("delete from public.libraries where id = %s and not personal", self._library(which))

    def add_member(self, which: int, who: int) -> None:
        self.engine.all(
            "insert into public.library_members select id, %s, 'viewer' from public.libraries where id = %s"
            " on conflict do nothing",
            self.people[who],
            self._library(which),
        )

    def drop_member(self, which: int, who: int) -> None:
        self.engine.all(
            "delete from public.library_members where library_id = %s and user_id = %s and role <> 'owner'",
            self._library(which),
            self.people[who],
        )

    def add_document(self, which: int) -> None:
        added = self.engine.all(
            "insert into public.documents (library_id, owner_id, title, content)"
            " select id, owner_id, 'weir', 'weir' from public.libraries where id = %s returning id",
            self._library(which),
        )
        self.documents += [document for (document,) in added]

    def change_document(self, which: int, text: str) -> None:
        self.engine.all("update public.documents set content = %s where id = %s", text, self._document(which))

    def drop_document(self, which: int) -> None:
        self.engine.all("delete from public.documents where id = %s", self._document(which))

    def parse(self) -> None:
        for job in self.engine.claim("parse"):
            if self.engine.act("start_parse_v1", job) == "ok":
                made = [passage(n, f"weir number {n}") for n in range(2)]
                self.passages += [uuid.UUID(each["id"]) for each in made]
                self.engine.act("append_chunks_v1", job, made, 1, 2)
                self.engine.act("complete_parse_v1", job, 1, "text/plain", None)

    def embed(self) -> None:
        for job in self.engine.claim("embed"):
            self.engine.act("complete_embed_v1", job, 1)

    def _library(self, which: int) -> uuid.UUID:
        return self.libraries[which % len(self.libraries)]

    def _document(self, which: int) -> uuid.UUID | None:
        return self.documents[which % len(self.documents)] if self.documents else None

    # What they may see.

    def refused_by_rls(self, who: int) -> set[uuid.UUID]:
        with self._signed_in(who) as connection:
            return set(self.passages) - {row[0] for row in connection.execute("select id from public.chunks")}

    @contextmanager
    def _signed_in(self, who: int) -> Iterator[psycopg.Connection]:
        claims = json.dumps({"sub": str(self.people[who]), "role": "authenticated"})
        with self.engine.connection.transaction(force_rollback=True):
            self.engine.connection.execute("select set_config('request.jwt.claims', %s, true)", [claims])
            self.engine.connection.execute("set local role authenticated")
            yield self.engine.connection

    # The ports of retrieval: the real functions, and an index full of what is stale and foreign.

    async def scope(self, user: uuid.UUID, library: uuid.UUID | None, where: Filter) -> Scope:
        scope = self.engine.one("select public.search_scope_v1(%s, %s, %s)", user, library, where.model_dump_json())
        placements = [Placement(library_id=each, collection="c", model=MODEL) for each in self.libraries]
        return Scope(placements=placements, revision=scope["revision"])

    async def lexical(
        self, user: uuid.UUID, query: str, library: uuid.UUID | None, limit: int, where: Filter
    ) -> Sequence[Hit]:
        found = self.engine.one(
            "select public.lexical_search_v1(%s, %s, %s, %s, %s)", user, query, library, limit, where.model_dump_json()
        )
        return [Hit(uuid.UUID(hit["chunk_id"]), hit["score"]) for hit in found]

    async def visible(
        self, user: uuid.UUID, chunks: Sequence[uuid.UUID], around: int, where: Filter
    ) -> Sequence[FoundPassage]:
        found = self.engine.one(
            "select public.visible_chunks_v1(%s, %s, %s, %s)", user, list(chunks), around, where.model_dump_json()
        )
        return [FoundPassage.model_validate(each) for each in found]

    async def query(self, _p: Sequence[Placement], _v: Vector, _model: str, limit: int) -> Sequence[Hit]:
        return [Hit(each, 1 - n / 1000) for n, each in enumerate(self.passages[-limit:])]

    async def vectors(
        self, _p: Sequence[Placement], chunks: Sequence[uuid.UUID], _model: str
    ) -> Mapping[uuid.UUID, Vector]:
        return {chunk: [1.0 + chunk.int % 7] for chunk in chunks}


class Embeds:
    """The embedder's port of a world."""

    model = MODEL

    async def embed(self, texts: Sequence[str], _kind: TextKind, _tenant: uuid.UUID | None = None) -> Sequence[Vector]:
        return [[1.0] for _ in texts]


who = st.integers(0, PEOPLE - 1)
which = st.integers(0, 9)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("make_library"), who),
        st.tuples(st.just("drop_library"), which),
        st.tuples(st.just("add_member"), which, who),
        st.tuples(st.just("drop_member"), which, who),
        st.tuples(st.just("add_document"), which),
        st.tuples(st.just("change_document"), which, st.sampled_from(["weir old", "weir new"])),
        st.tuples(st.just("drop_document"), which),
        st.tuples(st.just("parse")),
        st.tuples(st.just("embed")),
    ),
    min_size=8,
    max_size=16,
)


def test_nobody_is_shown_what_row_level_security_refuses_nor_what_was(engine: Engine, redis_server: str) -> None:
    """Also where what was found before is remembered."""
    with asyncio.Runner() as runner:
        cache = RedisCache(redis_server)

        @settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
        @given(steps=steps)
        def live(steps: list[tuple[Any, ...]]) -> None:
            world = World(engine)
            world.add_document(0)
            world.parse()
            world.embed()
            world.add_member(0, 1)
            for number, (step, *arguments) in enumerate(steps):
                getattr(world, step)(*arguments)
                runner.run(check(world, number % PEOPLE, cache))
            for person in range(PEOPLE):
                runner.run(check(world, person, cache))
            engine.all("delete from auth.users where id = any (%s)", world.people)

        live()
        runner.run(cache.close())


async def check(world: World, person: int, cache: Cache) -> None:
    user, refused = world.people[person], world.refused_by_rls(person)
    shown = await world.visible(user, world.passages, len(world.passages), Filter())
    assert {each.chunk_id for each in shown} == set(world.passages) - refused
    retriever = RememberingRetriever(world, lambda _: Embeds(), world, cache=cache)
    found = await retriever.retrieve(user, 'weir "number 1" num*', None)
    assert not {each.chunk_id for each in found.passages} & refused
    afresh = await Retriever(world, lambda _: Embeds(), world).retrieve(user, 'weir "number 1" num*', None)
    assert {each.text for each in found.passages} == {each.text for each in afresh.passages}
    assert not {hit.chunk for hit in await world.lexical(user, "weir", None, 200, Filter())} & refused
