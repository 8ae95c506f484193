"""Probes ask where the work is done."""

import httpx
import pytest

from functions.effects import probes
from functions.effects.chroma import Chroma
from schema.places import VectorServer


@pytest.mark.anyio
async def test_the_vector_store_is_looked_for_where_it_is_used() -> None:
    server, asked = VectorServer("http://chroma"), []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        await probes.vectors(http, server)()

    assert asked == [f"{Chroma(server).url}/api/v2/heartbeat"] == ["http://chroma:8000/api/v2/heartbeat"]
