"""Puts handlers and effects together, for the composition roots: `listeners.__main__` and `functions.main`.

Imports stand inside: a process loads only what its queues need, which halves the start and the memory of most.
"""

from collections.abc import Callable, Iterable, Mapping

from functions.dispatch import Handler
from functions.effects.supabase import Supabase
from schema.jobs import Queue
from schema.ports import Embedder
from schema.settings import Settings


def handlers(settings: Settings, supabase: Supabase, queues: Iterable[Queue]) -> Mapping[Queue, Handler]:
    """The handler of each of the queues, on real services. Nothing is connected before it is used."""
    return {queue: _MAKERS[queue](settings, supabase) for queue in queues}


def _parse(_: Settings, supabase: Supabase) -> Handler:
    from functions.effects.documents_supabase import SupabaseDocuments
    from functions.effects.files_supabase import SupabaseFiles
    from functions.effects.parse_kreuzberg import ChildParser
    from functions.handlers.parse import ParseHandler

    return ParseHandler(SupabaseDocuments(supabase), SupabaseFiles(supabase), ChildParser())


def _embed(settings: Settings, supabase: Supabase) -> Handler:
    from functions.effects.documents_supabase import SupabaseDocuments
    from functions.effects.vectors_chroma import ChromaVectors
    from functions.handlers.embed import EmbedHandler

    return EmbedHandler(SupabaseDocuments(supabase), _embedder(settings), ChromaVectors(settings.chroma_url))


def _respond(settings: Settings, supabase: Supabase) -> Handler:
    from functions.effects import models_together
    from functions.effects.announce_supabase import SupabaseAnnouncer
    from functions.effects.answers_supabase import SupabaseAnswers
    from functions.effects.vectors_chroma import ChromaVectors
    from functions.handlers.respond import RespondHandler
    from functions.handlers.retrieve import Retriever

    answers = SupabaseAnswers(supabase)
    return RespondHandler(
        store=answers,
        retriever=Retriever(answers, _embedder(settings), ChromaVectors(settings.chroma_url)),
        generator=models_together.TogetherGenerator(models_together.connect(settings), settings.chat_model),
        announcer=SupabaseAnnouncer(supabase),
    )


def _purge(settings: Settings, supabase: Supabase) -> Handler:
    from functions.effects.documents_supabase import SupabaseDocuments
    from functions.effects.files_supabase import SupabaseFiles
    from functions.effects.vectors_chroma import ChromaVectors
    from functions.handlers.purge import PurgeHandler

    return PurgeHandler(
        SupabaseDocuments(supabase),
        SupabaseFiles(supabase),
        ChromaVectors(settings.chroma_url),
        settings.embedding_model,
    )


def _embedder(settings: Settings) -> Embedder:
    from functions.effects import models_together
    from functions.effects.cache_redis import RedisCache
    from functions.effects.embed_cached import CachedEmbedder

    model = models_together.TogetherEmbedder(models_together.connect(settings), settings.embedding_model)
    return CachedEmbedder(model, RedisCache(settings.redis_url))


_MAKERS: Mapping[Queue, Callable[[Settings, Supabase], Handler]] = {
    Queue.PARSE: _parse,
    Queue.EMBED: _embed,
    Queue.RESPOND: _respond,
    Queue.PURGE: _purge,
}
