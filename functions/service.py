"""Puts the entry points of `functions.main` together, each when it is first called."""

import asyncio
from functools import cached_property

import httpx

from functions import compose
from functions.effects import probes
from functions.effects.follow_realtime import RealtimeFollower
from functions.effects.inbox_supabase import SupabaseBell, SupabaseInbox
from functions.effects.jobs_supabase import SupabaseBeats, SupabaseJobs
from functions.effects.people_jwt import JwtPeople
from functions.effects.rows_supabase import SupabaseRows
from functions.effects.supabase import Supabase
from functions.handlers.retrieval.retrieve import Retriever
from functions.serve.ask import AskEntry
from functions.serve.drain import DrainEntry
from functions.serve.ending import end_in_order
from functions.serve.events import EventEntry
from functions.serve.health import HealthEntry
from functions.serve.metrics import MetricsEntry
from functions.serve.search import SearchEntry
from functions.serve.signature import key_of
from functions.telemetry.engine import EngineGauges
from functions.work.drain import Workplace
from functions.work.drains import Drains
from schema.errors import ConfigurationError
from schema.jobs import Queue
from schema.serving import Probe
from schema.settings import Settings


class Service:
    """Everything that belongs to one event loop, which must be running."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._supabase = Supabase(settings)
        self._http = httpx.AsyncClient()  # without any key
        self._inbox = SupabaseInbox(self._supabase)

    @cached_property
    def drain(self) -> DrainEntry:
        """A bell. Raises `ConfigurationError`."""
        settings = self._settings
        key = settings.entry.bearer
        return DrainEntry(self._drains, self._inbox, key, _webhook_key(settings), settings.drain_seconds)

    @cached_property
    def drain_event(self) -> EventEntry:
        """A bell that is a CloudEvent."""
        return EventEntry(self._drains, self._inbox, self._settings.trust_events, self._settings.drain_seconds)

    @cached_property
    def search(self) -> SearchEntry:
        """Search."""
        return SearchEntry(self._people, self._retriever, compose.limit(self._settings, self._supabase, "searches"))

    @cached_property
    def ask(self) -> AskEntry:
        """Ask. Raises `ConfigurationError`."""
        settings = self._settings
        key = settings.supabase_publishable_key
        if key is None:
            raise ConfigurationError("SUPABASE_PUBLISHABLE_KEY is not set: `ask` acts for people with it.")
        return AskEntry(
            self._people,
            SupabaseRows(settings.supabase_url, key, self._http),
            RealtimeFollower(settings.supabase_url, key),
            compose.limit(settings, self._supabase, "questions"),
            self._drains if settings.ask_drains else None,
            settings.drain_seconds,
        )

    @cached_property
    def health(self) -> HealthEntry:
        """Health."""
        settings = self._settings
        needed: dict[str, Probe] = {
            "data_api": probes.data_api(self._supabase),
            "vectors": probes.vectors(self._http, settings.vectors),
            "models": probes.models(
                self._http, settings.together_base_url, settings.together_api_key.get_secret_value()
            ),
        }
        if settings.redis_url:
            needed["cache"] = probes.cache(settings.redis_url)
        return HealthEntry(needed, optional={"cache"})

    @cached_property
    def metrics(self) -> MetricsEntry:
        """Metrics."""
        return MetricsEntry(EngineGauges(SupabaseJobs(self._supabase).status), self._settings.entry)

    @cached_property
    def _drains(self) -> Drains:
        settings = self._settings
        handlers = compose.handlers(settings, self._supabase, list(Queue))
        place = Workplace(SupabaseJobs(self._supabase), SupabaseBeats(settings), handlers, settings.drain_concurrency)
        drains = Drains(place, SupabaseBell(self._supabase))
        end_in_order(drains.end)
        return drains

    @cached_property
    def _people(self) -> JwtPeople:
        secret = self._settings.jwt_secret
        return JwtPeople(self._settings.supabase_url, secret.get_secret_value() if secret else None, self._http)

    async def _retriever(self) -> Retriever:
        return await asyncio.shield(self._loading_retriever)

    @cached_property
    def _loading_retriever(self) -> asyncio.Task[Retriever]:
        return asyncio.create_task(asyncio.to_thread(compose.load, compose.retriever, self._settings, self._supabase))


def _webhook_key(settings: Settings) -> bytes | None:
    if settings.webhook_secret is None:
        return None
    try:
        return key_of(settings.webhook_secret.get_secret_value())
    except ValueError as error:
        raise ConfigurationError(f"RIVULET_WEBHOOK_SECRET {error}.") from error
