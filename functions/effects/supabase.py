"""The connection to Supabase: database functions, the official client for the rest, foreign errors translated."""

import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import cached_property
from typing import Any

import aiohttp
import httpx
from supabase import AsyncClient, AsyncClientOptions

from functions.effects.retrying import patiently
from functions.effects.session import open_session
from functions.telemetry.calls import watched
from schema.errors import JobError, PermanentError, StaleClaimError, SupersededError, TransientError
from schema.jobs import Claim, Json
from schema.settings import Settings

TIMEOUT_SECONDS = 30.0
# SQLSTATE classes of values that the database refuses however often it is asked: data exceptions, broken constraints.
_REFUSED_CLASSES = ("22", "23")


class Supabase:
    """A Supabase project, entered as a worker, or with the secret key, to which row level security does not apply."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.supabase_url
        self._headers = key_headers(settings)
        self._others = AsyncExitStack()
        self.http = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, headers=self._headers)
        self.client = AsyncClient(
            settings.supabase_url,
            settings.entry.apikey,
            AsyncClientOptions(
                headers=self._headers, httpx_client=self.http, auto_refresh_token=False, persist_session=False
            ),
        )

    async def call(self, function: str, **arguments: Any) -> Any:
        """The result of a database function; called again for a while when the service is down, so it must bear it."""
        return await patiently(lambda: self.call_once(function, **arguments))

    async def call_once(self, function: str, **arguments: Any) -> Any:
        """The same, whatever comes of it."""
        return await self._post(function, {f"p_{name}": value for name, value in arguments.items()})

    async def call_for(self, claim: Claim, function: str, **arguments: Any) -> Json:
        """The reply of a database function that acts for a claim; a claim that is over is raised."""
        reply: Json = await self.call(function, job=claim.id, fence=claim.fence, **arguments)
        raise_if_over(claim, reply["status"])
        return reply

    async def broadcast(self, messages: Sequence[Json], seconds: float) -> None:
        """Send live messages, once. Raises `TransientError`."""
        timeout = aiohttp.ClientTimeout(total=seconds)
        url = f"{self.url}/realtime/v1/api/broadcast"
        with watched("realtime", "broadcast"):
            try:
                async with self._session.post(url, json={"messages": messages}, timeout=timeout) as reply:
                    await reply.read()
            except (aiohttp.ClientError, TimeoutError) as error:
                raise TransientError("realtime_unreachable", f"Realtime cannot be reached: {error!r}") from error
            if not reply.ok:
                raise TransientError("realtime_failed", f"Realtime answered {reply.status}.")

    def closes(self, close: Callable[[], Awaitable[None]]) -> None:
        """Whatever else is connected for the same work is closed with this."""
        self._others.push_async_callback(close)

    async def close(self) -> None:
        """Close the connections."""
        await self._others.aclose()
        await self._session.close()
        await self.http.aclose()

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        return open_session(self.url, self._headers, TIMEOUT_SECONDS)

    async def _post(self, function: str, body: Json) -> Any:
        with watched("database", function):
            try:
                async with self._session.post(f"{self.url}/rest/v1/rpc/{function}", json=body) as reply:
                    content = await reply.read()
            except (aiohttp.ClientError, TimeoutError) as error:
                raise TransientError("supabase_unreachable", "The database service cannot be reached.") from error
            if not reply.ok:
                raise _refusal(reply.status, content)
        return _value(content)


def raise_if_over(claim: Claim, status: str) -> None:
    """Raise what the status of a reply means for a claim that is no longer held."""
    match status:
        case "stale":
            raise StaleClaimError(f"job {claim.id} is no longer held under fence {claim.fence}")
        case "superseded" | "cancelled":
            raise SupersededError(f"job {claim.id} had nothing left to do")


def key_headers(settings: Settings) -> dict[str, str]:
    """The headers that enter the project."""
    return {"apikey": settings.entry.apikey, "Authorization": f"Bearer {settings.entry.bearer}"}


def _value(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError as error:  # something between us and it has answered
        raise TransientError("supabase_failed", "The database service answered something else than JSON.") from error


def _refusal(status: int, content: bytes) -> JobError:
    """What an error reply of the Data API means; something between us and it may have answered in its place."""
    try:
        problem = json.loads(content)
        code, message = str(problem["code"]), str(problem["message"])
    except (ValueError, TypeError, KeyError):
        return TransientError("supabase_failed", f"The database service answered {status}.")
    if len(code) == 5 and code[:2] in _REFUSED_CLASSES:
        return PermanentError("rejected", f"The database refused the data: {message}")
    return TransientError("supabase_failed", f"The database answered {code}: {message}")
