"""Whether outside services can be reached: a `Probe` for each."""

import httpx

from functions.effects.supabase import Supabase
from schema.places import VectorServer
from schema.serving import Probe

TOGETHER_URL = "https://api.together.ai"


def data_api(supabase: Supabase) -> Probe:
    """The Data API, and the database behind it."""

    async def probe() -> None:
        await supabase.call_once("queue_depth_v1", queue="")  # of no queue, which nothing has to be counted for

    return probe


def vectors(http: httpx.AsyncClient, server: VectorServer) -> Probe:
    """Chroma."""
    return _get(http, f"{server.address.url}/api/v2/heartbeat")


def models(http: httpx.AsyncClient, base_url: str | None, key: str) -> Probe:
    """The model service, without using a model."""
    return _get(http, f"{base_url or TOGETHER_URL}/v1/models", {"Authorization": f"Bearer {key}"})


def cache(url: str) -> Probe:
    """Redis."""

    async def probe() -> None:
        import redis.asyncio as redis  # takes longer to load than all the rest, which most processes are spared

        async with redis.from_url(url, retry=None) as client:
            await client.ping()

    return probe


def _get(http: httpx.AsyncClient, url: str, headers: dict[str, str] | None = None) -> Probe:
    async def probe() -> None:
        (await http.get(url, headers=headers)).raise_for_status()

    return probe
