"""Answers questions in this process: the real handler on real services, with a model that plays what the test says."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from functions import compose
from functions.dispatch import Dispatcher
from functions.effects.jobs_supabase import SupabaseJobs
from functions.effects.supabase import Supabase
from schema.jobs import Claim, Outcome, Queue
from schema.settings import Settings
from tests.conftest import Gateway
from tests.integration.engine import Engine
from tests.integration.serverless import environment
from tests.scripted_model import NAME, Script, ScriptedModel

# Their clients close themselves when they are collected, which must not be in the loop of another test.
_kept: list[Dispatcher] = []


class Answering:
    """A responder that does one job at a time, when it is told to."""

    def __init__(self, engine: Engine, model: ScriptedModel, jobs: SupabaseJobs, dispatcher: Dispatcher) -> None:
        self.engine = engine
        self.model = model
        self._jobs = jobs
        self._dispatcher = dispatcher

    async def claim(self) -> Claim:
        """The next job, also one that was put off."""
        self.engine.all("update rivulet.jobs set run_at = clock_timestamp() where state = 'delayed'")
        [claim] = (await self._jobs.claim(Queue.RESPOND, f"tester-{uuid.uuid4()}", 1, uuid.uuid4())).jobs
        return claim

    async def run(self) -> Outcome:
        """Do the next job."""
        return await self._dispatcher.run(await self.claim())

    async def begin(self) -> asyncio.Task[Outcome]:
        """Do the next job meanwhile."""
        return asyncio.create_task(self._dispatcher.run(await self.claim()))

    async def ask(self, conversation: uuid.UUID, question: str, *scripts: Script) -> dict[str, Any]:
        """Ask, do one job for each script (or one), and return the answer's row."""
        answer = self.engine.ask(conversation, question)
        self.model.scripts.extend(scripts)
        for _ in scripts or [None]:
            await self.run()
        return self.row(answer)

    def row(self, answer: uuid.UUID) -> dict[str, Any]:
        """An answer as it is now."""
        row: dict[str, Any] = self.engine.one("select to_jsonb(m) from public.messages m where id = %s", answer)
        return row


@asynccontextmanager
async def answering(
    engine: Engine, gateway: Gateway, chroma: str, model: ScriptedModel, url: str, **changed: str
) -> AsyncIterator[Answering]:
    """A responder in front of this test's project."""
    settings = Settings.from_env(
        environment(gateway.database, gateway.url, chroma, url) | {"CHAT_MODEL": NAME} | changed
    )
    supabase = Supabase(settings)
    try:
        yield _make(engine, model, supabase, settings)
    finally:
        await supabase.close()


def _make(engine: Engine, model: ScriptedModel, supabase: Supabase, settings: Settings) -> Answering:
    jobs = SupabaseJobs(supabase)
    dispatcher = Dispatcher(jobs, compose.handlers(settings, supabase, [Queue.RESPOND]))
    _kept.append(dispatcher)
    return Answering(engine, model, jobs, dispatcher)
