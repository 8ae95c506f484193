"""Answers a question again, as a responder would now, without writing anything."""

import os
from contextlib import aclosing
from typing import Any
from uuid import UUID

from functions import compose
from functions.effects.supabase import Supabase
from functions.handlers.respond import room_for
from functions.pipeline.prompt import Prompt, build_prompt
from functions.pipeline.question import search_query
from functions.pipeline.sieve import Sieve
from infra.cli.provenance.differences import Today
from infra.local import stack
from schema.answers import Sampling, Turn
from schema.settings import Settings


async def answer_today(found: dict[str, Any], ask: bool) -> tuple[Today, str | None]:
    """What an explained answer would be made of today, and with `ask` what the model says to it."""
    settings = Settings.from_env(os.environ if os.environ.get("SUPABASE_URL") else stack.environment())
    supabase = Supabase(settings)
    try:
        models = compose.chat_models(settings)
        history = [Turn.model_validate(turn) for turn in found["history"]]
        query = _query(found, history)
        library = found["library_id"] and UUID(found["library_id"])
        retrieved = await compose.retriever(settings, supabase).retrieve(UUID(found["user_id"]), query, library)
        prompt = build_prompt(found["question"], retrieved.passages, history, room_for(models))
        given = [passage.chunk_id for passage in prompt.passages]
        today = Today(query, given, prompt.sha256, models, retrieved.embedding_model or None)
        return today, await _ask(settings, supabase, prompt) if ask else None
    finally:
        await supabase.close()


def _query(found: dict[str, Any], history: list[Turn]) -> str:
    """The query of then; one that a rule made is made anew, for the rule may have changed."""
    kept = found["provenance"]
    made_by_model = kept["rewritten_by"] not in (None, "rule")
    return str(kept["query"]) if made_by_model else search_query(found["question"], history)


async def _ask(settings: Settings, supabase: Supabase, prompt: Prompt) -> str:
    sieve = Sieve(len(prompt.passages), [turn.content for turn in prompt.turns])
    text = ""
    async with aclosing(compose.generator(settings, supabase).stream(prompt.turns, Sampling())) as deltas:
        async for delta in deltas:
            text += sieve.feed(delta.text)
    return text + sieve.end()
