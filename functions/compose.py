"""Puts handlers and effects together, for the composition roots: `listeners.__main__` and `functions.main`.

Imports stand inside: a process loads only what its queues need, and the large client libraries load in a thread while
it already listens.
"""

import asyncio
import functools
import gc
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeVar

from functions.dispatch import Handler
from functions.effects.budget import Budget
from functions.effects.supabase import Supabase
from functions.handlers.retrieval.retrieve import Retriever
from schema.jobs import Claim, Queue
from schema.ports import Embedder, Generator, Limit, Reranker
from schema.settings import Settings

if TYPE_CHECKING:
    from together import AsyncTogether

    from functions.effects.cache_redis import RedisCache
    from functions.effects.redis_patient import PatientRedis

T = TypeVar("T")

# Python looks for cycles among so many new objects at a time; its own 700 are reached several times in each answer.
OBJECTS_BETWEEN_COLLECTIONS = 10_000

_loading = threading.Lock()


def handlers(settings: Settings, supabase: Supabase, queues: Iterable[Queue]) -> Mapping[Queue, Handler]:
    """The handler of each of the queues, on real services. Nothing is connected before it is used.

    Needs a running event loop: the handlers load behind its back.
    """
    return {queue: _Loading(_MAKERS[queue], settings, supabase) for queue in queues}


def load(make: Callable[[Settings, Supabase], T], settings: Settings, supabase: Supabase) -> T:
    """Make something in a thread of its own, one at a time.

    Modules that import each other, imported by two threads at once, end in an error that Python calls a deadlock.
    """
    with _loading:
        made = make(settings, supabase)
        gc.freeze()  # what is loaded stays: no collection has to walk through it
        gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
        return made


def retriever(settings: Settings, supabase: Supabase) -> Retriever:
    """What finds passages, on real services. Takes a while: it loads the client of the vector store."""
    from functions.effects.search_chroma import ChromaSearch
    from functions.effects.search_supabase import SupabaseSearch
    from functions.handlers.retrieval.remember import RememberingRetriever

    index = ChromaSearch(settings.vectors)
    supabase.closes(index.close)
    return RememberingRetriever(
        SupabaseSearch(supabase),
        embedders(settings, supabase),
        index,
        reranker(settings, supabase),
        cache=_cache(settings, supabase),
    )


def reranker(settings: Settings, supabase: Supabase) -> Reranker | None:
    """What orders the best passages anew, if a model for it is named."""
    from functions.effects.rerank_together import TogetherReranker

    return TogetherReranker(_models(settings, supabase), settings.rerank_model) if settings.rerank_model else None


def _models(settings: Settings, supabase: Supabase) -> "AsyncTogether":
    """A connection to the model service, for as long as that to Supabase."""
    from functions.effects.connect_together import connect

    client = connect(settings)
    supabase.closes(client.close)
    return client


def _cache(settings: Settings, supabase: Supabase) -> "RedisCache":
    """A cache, for as long as the connection to Supabase."""
    from functions.effects.cache_redis import RedisCache

    cache = RedisCache(settings.redis_url)
    supabase.closes(cache.close)
    return cache


def _redis(settings: Settings, supabase: Supabase) -> "PatientRedis":
    """A connection to Redis, for as long as that to Supabase."""
    from functions.effects.redis_patient import PatientRedis

    redis = PatientRedis(settings.redis_url)
    supabase.closes(redis.close)
    return redis


class _Loading:
    """A handler that is being loaded; the first jobs wait for it."""

    def __init__(self, make: Callable[[Settings, Supabase], Handler], settings: Settings, supabase: Supabase) -> None:
        self._loaded = asyncio.create_task(asyncio.to_thread(load, make, settings, supabase), name="load handler")

    async def __call__(self, claim: Claim) -> None:
        handler = await asyncio.shield(self._loaded)
        await handler(claim)


def _parse(settings: Settings, supabase: Supabase) -> Handler:
    from functions.effects.addresses import Reach
    from functions.effects.count_tokens import token_counter
    from functions.effects.documents_supabase import SupabaseDocuments
    from functions.effects.fetch_web import WebFetcher
    from functions.effects.fetches_supabase import SupabaseFetches
    from functions.effects.files_supabase import SupabaseFiles
    from functions.effects.parsing.contained import ContainedParser
    from functions.handlers.page import PageLoader
    from functions.handlers.parse import ParseHandler
    from functions.pipeline.tokens import estimate_tokens

    count = token_counter(settings.embedding_tokenizer) if settings.embedding_tokenizer else estimate_tokens
    reach = Reach.of(settings.fetch_ports, settings.fetch_private_networks)
    pages = PageLoader(SupabaseFetches(supabase), WebFetcher(reach))
    parser = ContainedParser()
    supabase.closes(parser.close)
    return ParseHandler(SupabaseDocuments(supabase), SupabaseFiles(supabase), parser, pages, count)


def _embed(settings: Settings, supabase: Supabase) -> Handler:
    from functions.effects.documents_supabase import SupabaseDocuments
    from functions.effects.purges_supabase import SupabaseLateWrites
    from functions.effects.vectors_chroma import ChromaVectors
    from functions.handlers.embed import EmbedHandler

    return EmbedHandler(
        SupabaseDocuments(supabase),
        embedders(settings, supabase),
        ChromaVectors(settings.vectors),
        SupabaseLateWrites(supabase),
        settings.embedding_model,
    )


def _respond(settings: Settings, supabase: Supabase) -> Handler:
    from functions.effects.announce_supabase import SupabaseAnnouncer
    from functions.effects.answers_supabase import SupabaseAnswers
    from functions.handlers.answering.replay import Replays
    from functions.handlers.respond import RespondHandler

    seconds = settings.answer_cache_seconds
    return RespondHandler(
        store=SupabaseAnswers(supabase),
        retriever=retriever(settings, supabase),
        generator=generator(settings, supabase),
        announcer=SupabaseAnnouncer(supabase),
        models=chat_models(settings),
        limit=limit(settings, supabase, "questions"),
        replays=Replays(_cache(settings, supabase), seconds) if seconds else None,
    )


def limit(settings: Settings, supabase: Supabase, kind: Literal["questions", "searches"]) -> Limit:
    """How much one person may ask or search."""
    from functions.effects.limit_redis import RedisLimit
    from functions.effects.limit_supabase import SupabaseLimit
    from functions.effects.limits import QUESTIONS, SEARCHES, windows

    counted = {"questions": QUESTIONS, "searches": SEARCHES}[kind]
    limited = windows(settings.questions_per_minute, settings.questions_per_day)
    return RedisLimit(_redis(settings, supabase), counted, limited, SupabaseLimit(supabase, counted, limited))


def chat_models(settings: Settings) -> Sequence[str]:
    """The chat models in order of preference."""
    return list(dict.fromkeys([settings.chat_model, *settings.chat_model_fallbacks]))


def generator(settings: Settings, supabase: Supabase) -> Generator:
    """The chat models, each standing in for those before it."""
    from functions.effects.breaker import Breaker
    from functions.effects.generate_resilient import ResilientGenerator
    from functions.effects.generate_together import TogetherGenerator

    client = _models(settings, supabase)
    models = [TogetherGenerator(client, model) for model in chat_models(settings)]
    return ResilientGenerator(models, Breaker(_cache(settings, supabase)), _chat_budgets(settings, supabase))


def _chat_budgets(settings: Settings, supabase: Supabase) -> Mapping[str, Budget]:
    from functions.effects.budget_redis import RedisBudget

    redis, rate = _redis(settings, supabase), settings.chat_tokens_per_minute
    return {model: RedisBudget(redis, model, rate) for model in chat_models(settings)} if rate else {}


def _purge(settings: Settings, supabase: Supabase) -> Handler:
    from functions.effects.files_supabase import SupabaseFiles
    from functions.effects.purges_supabase import SupabasePurges
    from functions.effects.upkeep_chroma import ChromaUpkeep
    from functions.handlers.purge import PurgeHandler

    return PurgeHandler(SupabasePurges(supabase), SupabaseFiles(supabase), ChromaUpkeep(settings.vectors))


def _move(settings: Settings, supabase: Supabase) -> Handler:
    from functions.effects.audit_supabase import SupabaseAudit
    from functions.effects.moves_supabase import SupabaseMoves
    from functions.effects.purges_supabase import SupabaseLateWrites
    from functions.effects.upkeep_chroma import ChromaUpkeep
    from functions.handlers.move import MoveHandler

    return MoveHandler(
        SupabaseMoves(supabase),
        SupabaseAudit(supabase),
        embedders(settings, supabase),
        ChromaUpkeep(settings.vectors),
        SupabaseLateWrites(supabase),
    )


def _backfill(_: Settings, supabase: Supabase) -> Handler:
    from functions.effects.watches_supabase import SupabaseWatches
    from functions.handlers.backfill import BackfillHandler

    return BackfillHandler(SupabaseWatches(supabase))


def embedders(settings: Settings, supabase: Supabase) -> Callable[[str], Embedder]:
    """The embedder of each model by its name, all with one connection and one cache."""
    from functions.effects.budget_redis import RedisBudget
    from functions.effects.embed_cached import CachedEmbedder
    from functions.effects.embed_together import TogetherEmbedder

    client, cache = _models(settings, supabase), _cache(settings, supabase)
    redis, rate = _redis(settings, supabase), settings.embedding_tokens_per_minute

    @functools.cache
    def of(model: str) -> Embedder:
        return CachedEmbedder(TogetherEmbedder(client, model, RedisBudget(redis, model, rate)), cache)

    return of


_MAKERS: Mapping[Queue, Callable[[Settings, Supabase], Handler]] = {
    Queue.PARSE: _parse,
    Queue.EMBED: _embed,
    Queue.RESPOND: _respond,
    Queue.PURGE: _purge,
    Queue.MOVE: _move,
    Queue.BACKFILL: _backfill,
}
