"""Puts handlers and effects together, for the composition roots: `listeners.__main__` and `functions.main`."""

from collections.abc import Iterable, Mapping

from functions.dispatch import Handler
from functions.effects import models_together
from functions.effects.announce_supabase import SupabaseAnnouncer
from functions.effects.answers_supabase import SupabaseAnswers
from functions.effects.cache_redis import RedisCache
from functions.effects.documents_supabase import SupabaseDocuments
from functions.effects.embed_cached import CachedEmbedder
from functions.effects.files_supabase import SupabaseFiles
from functions.effects.parse_kreuzberg import ChildParser
from functions.effects.supabase import Supabase
from functions.effects.vectors_chroma import ChromaVectors
from functions.handlers.embed import EmbedHandler
from functions.handlers.parse import ParseHandler
from functions.handlers.purge import PurgeHandler
from functions.handlers.respond import RespondHandler
from functions.handlers.retrieve import Retriever
from schema.jobs import Queue
from schema.settings import Settings


def handlers(settings: Settings, supabase: Supabase, queues: Iterable[Queue]) -> Mapping[Queue, Handler]:
    """The handler of each of the queues, on real services. Nothing is connected before it is used."""
    documents = SupabaseDocuments(supabase)
    files = SupabaseFiles(supabase)
    vectors = ChromaVectors(settings.chroma_url)
    models = models_together.connect(settings)
    embedder = CachedEmbedder(
        models_together.TogetherEmbedder(models, settings.embedding_model), RedisCache(settings.redis_url)
    )

    answers = SupabaseAnswers(supabase)
    made: dict[Queue, Handler] = {
        Queue.PARSE: ParseHandler(documents, files, ChildParser()),
        Queue.EMBED: EmbedHandler(documents, embedder, vectors),
        Queue.RESPOND: RespondHandler(
            store=answers,
            retriever=Retriever(answers, embedder, vectors),
            generator=models_together.TogetherGenerator(models, settings.chat_model),
            announcer=SupabaseAnnouncer(supabase),
        ),
        Queue.PURGE: PurgeHandler(documents, files, vectors, settings.embedding_model),
    }
    return {queue: made[queue] for queue in queues}
