"""The connection to Supabase: one client, one connection pool, foreign errors translated."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from postgrest.exceptions import APIError
from supabase import AsyncClient, AsyncClientOptions

from functions.effects.retrying import patiently
from schema.errors import PermanentError, StaleClaimError, SupersededError, TransientError
from schema.jobs import Claim, Json
from schema.settings import Settings

TIMEOUT_SECONDS = 30.0
# SQLSTATE classes of values that the database refuses however often it is asked: data exceptions, broken constraints.
_REFUSED_CLASSES = ("22", "23")


class Supabase:
    """A Supabase project, entered with the secret key: row level security does not apply."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.supabase_url
        self.http = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, headers=key_headers(settings))
        self.client = AsyncClient(
            settings.supabase_url,
            settings.supabase_secret_key.get_secret_value(),
            AsyncClientOptions(httpx_client=self.http, auto_refresh_token=False, persist_session=False),
        )

    async def call(self, function: str, **arguments: Any) -> Any:
        """The result of a database function; called again for a while when the service is down, so it must bear it."""

        async def once() -> Any:
            with translated_errors():
                return (await self.client.rpc(function, {f"p_{k}": v for k, v in arguments.items()}).execute()).data

        return await patiently(once)

    async def call_for(self, claim: Claim, function: str, **arguments: Any) -> Json:
        """The reply of a database function that acts for a claim; a claim that is over is raised."""
        reply: Json = await self.call(function, job=claim.id, fence=claim.fence, **arguments)
        match reply["status"]:
            case "stale":
                raise StaleClaimError(f"job {claim.id} is no longer held under fence {claim.fence}")
            case "superseded" | "cancelled":
                raise SupersededError(f"job {claim.id} had nothing left to do")
        return reply

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()


def key_headers(settings: Settings) -> dict[str, str]:
    """The headers that enter the project with the secret key."""
    key = settings.supabase_secret_key.get_secret_value()
    return {"apikey": key, "Authorization": f"Bearer {key}"}


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turns what the Supabase client raises into our errors."""
    try:
        yield
    except httpx.TransportError as error:
        raise TransientError("supabase_unreachable", "The database service cannot be reached.") from error
    except APIError as error:
        code = str(error.code)
        if len(code) == 5 and code[:2] in _REFUSED_CLASSES:
            raise PermanentError("rejected", f"The database refused the data: {error.message}") from error
        raise TransientError("supabase_failed", f"The database answered {code}: {error.message}") from error
