"""Looks at the services around a project: each is asked something harmless, and judged by its answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
from realtime import AsyncRealtimeClient, RealtimeSubscribeStates

from functions.effects import probes
from functions.effects.chroma import READ_SECONDS, Chroma
from infra.cli.doctor.finding import Finding, ok, poor, wrong
from schema.errors import TransientError
from schema.settings import Settings

SECONDS = 30.0
TOPIC = "wake:doctor"
DASHBOARD = "Project Settings → API keys in the Supabase dashboard"


class Services:
    """The services that the settings name."""

    def __init__(self, settings: Settings, http: httpx.AsyncClient) -> None:
        self._settings = settings
        self._http = http
        self._secret = settings.entry.bearer

    async def findings(self) -> Sequence[Finding]:
        """All of them, looked at side by side."""
        looks = (self._auth, self._storage, self._publishable, self._realtime, self._redis, self._chroma, self._models)
        return await asyncio.gather(*(_in_time(look) for look in looks))

    async def _get(self, path: str, key: str) -> httpx.Response:
        headers = {"apikey": key, "Authorization": f"Bearer {key}"}
        return await self._http.get(f"{self._settings.supabase_url}{path}", headers=headers)

    async def _auth(self) -> Finding:
        reply = await self._get("/auth/v1/health", self._secret)
        if not reply.is_success:
            return wrong(
                "auth", f"Auth answers {reply.status_code}: nobody can sign in.", "Look at the project's status."
            )
        return ok("auth", "It answers.")

    async def _storage(self) -> Finding:
        reply = await self._get("/storage/v1/bucket/documents", self._secret)
        if not reply.is_success:
            text = f"Storage answers {reply.status_code} about the bucket documents: nobody can upload."
            return wrong("storage", text, "Look at the project's status, and at what else is found here.")
        return ok("storage", "It answers, and has the bucket.")

    async def _publishable(self) -> Finding:
        key = self._settings.supabase_publishable_key
        if key is None:
            text = "SUPABASE_PUBLISHABLE_KEY is not set: the function `ask` and the web page need it."
            return poor("publishable key", text, f"export SUPABASE_PUBLISHABLE_KEY=…  # {DASHBOARD}")
        reply = await self._get("/rest/v1/rpc/inspect_project_v1", key)
        if reply.is_success:
            text = "SUPABASE_PUBLISHABLE_KEY is a secret key: whoever is given it can read and change everything."
            return wrong("publishable key", text, f"Take the other one, and replace this one: {DASHBOARD}")
        known = await self._get("/auth/v1/settings", key)
        if known.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            text = "SUPABASE_PUBLISHABLE_KEY is refused."
            return wrong("publishable key", text, f"export SUPABASE_PUBLISHABLE_KEY=…  # {DASHBOARD}")
        return ok("publishable key", "It is accepted, and opens nothing but the door.")

    async def _realtime(self) -> Finding:
        if not await _joins(self._settings.supabase_url, self._secret):
            text = "The secret key cannot join a private channel: listeners look by timer, answers come late."
            return wrong("realtime channels", text, "Enable Realtime in the dashboard: Project Settings → Realtime")
        key = self._settings.supabase_publishable_key
        if key is not None and await _joins(self._settings.supabase_url, key):
            text = "Strangers can join a private channel: a policy on realtime.messages lets them."
            mend = (
                "select policyname, qual from pg_policies where schemaname = 'realtime'  -- drop what is not Rivulet's"
            )
            return wrong("realtime channels", text, mend)
        return ok("realtime channels", "Private channels work, and are closed to strangers.")

    async def _redis(self) -> Finding:
        url = self._settings.redis_url
        if url is None:
            text = "REDIS_URL is not set: nothing is cached, and each process has a budget for models of its own."
            return poor("redis", text, "export REDIS_URL=redis://…")
        try:
            await probes.cache(url)()
        except Exception as error:  # noqa: BLE001 - whatever it raises means that it does not work
            text = f"Redis does not answer ({type(error).__name__}): everything works, slower and dearer."
            return poor("redis", text, 'redis-cli -u "$REDIS_URL" ping')
        return ok("redis", "It answers.")

    async def _chroma(self) -> Finding:
        server = self._settings.vectors
        url = server.address.url
        try:
            await probes.vectors(self._http, server)()
            await Chroma(server, READ_SECONDS).names(1, 0)
        except httpx.HTTPError as error:
            text = f"Chroma does not answer at {url} ({type(error).__name__}): nothing is found by meaning."
            return wrong("chroma", text, "rivulet up chroma  # elsewhere: start Chroma, or check CHROMA_URL")
        except TransientError as error:
            text = f"Chroma at {url} refuses: {error.__cause__}"
            return wrong("chroma", text, "Check CHROMA_API_KEY, CHROMA_TENANT and CHROMA_DATABASE.")
        return ok("chroma", "It answers, and lets us in.")

    async def _models(self) -> Finding:
        base = self._settings.together_base_url or probes.TOGETHER_URL
        key = self._settings.together_api_key.get_secret_value()
        try:
            reply = await self._http.get(f"{base}/v1/models", headers={"Authorization": f"Bearer {key}"})
        except httpx.HTTPError as error:
            return wrong(
                "models",
                f"{base} does not answer ({type(error).__name__}).",
                "rivulet up models  # elsewhere: check TOGETHER_BASE_URL",
            )
        if reply.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            mend = "export TOGETHER_API_KEY=…  # https://api.together.ai/settings/api-keys"
            return wrong("models", "TOGETHER_API_KEY is refused.", mend)
        return self._offered(_names(reply))

    def _offered(self, names: set[str]) -> Finding:
        wanted = {"CHAT_MODEL": self._settings.chat_model, "EMBEDDING_MODEL": self._settings.embedding_model}
        for setting, model in wanted.items():
            if names and model not in names:
                text = f"The model service does not offer {model}."
                return wrong("models", text, f"export {setting}=…  # one of those at /v1/models")
        return ok("models", f"{' and '.join(wanted.values())} are offered.")


async def _in_time(look: Callable[[], Awaitable[Finding]]) -> Finding:
    name = getattr(look, "__name__", "").strip("_")
    try:
        async with asyncio.timeout(SECONDS):
            return await look()
    except (TimeoutError, httpx.HTTPError) as error:
        return wrong(name, f"No answer within {SECONDS:.0f} s ({type(error).__name__}).", "rivulet status")


def _names(reply: httpx.Response) -> set[str]:
    """Together answers with a list, others as OpenAI does."""
    try:
        body: Any = reply.json()
        return {str(each["id"]) for each in (body["data"] if isinstance(body, dict) else body)}
    except (ValueError, KeyError, TypeError):
        return set()


async def _joins(url: str, key: str) -> bool:
    """Whether a key opens a private channel of listeners."""
    joined: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def heard(state: RealtimeSubscribeStates, _: Exception | None) -> None:
        if not joined.done():
            joined.set_result(state is RealtimeSubscribeStates.SUBSCRIBED)

    client = AsyncRealtimeClient(f"{url}/realtime/v1", key, auto_reconnect=False, max_retries=1)
    try:
        async with asyncio.timeout(SECONDS / 3):
            await client.connect()
            channel = client.channel(
                TOPIC, {"config": {"broadcast": {"ack": False, "self": False}, "presence": None, "private": True}}
            )
            await channel.subscribe(heard)
            return await joined
    except Exception:  # noqa: BLE001 - the client raises bare exceptions; all mean that it cannot join
        return False
    finally:
        await client.close()
