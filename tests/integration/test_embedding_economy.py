"""What embedding costs: nothing twice, as few requests as may be, one budget for all, patience with who asks for it."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from uuid import UUID

import pytest
import redis.asyncio as redis
import together

from functions.effects.budget import LocalBudget
from functions.effects.budget_redis import RedisBudget
from functions.effects.cache_redis import RedisCache
from functions.effects.embed_cached import CachedEmbedder
from functions.effects.embed_together import TogetherEmbedder
from functions.effects.redis_patient import PatientRedis
from schema.errors import RateLimitedError
from tests import serving
from tests.embedding_server import EmbeddingServer, vector

pytestmark = pytest.mark.anyio
RATE = 600_000
A, B = UUID(int=1), UUID(int=2)


@pytest.fixture
def provider() -> Iterator[tuple[EmbeddingServer, str]]:
    server = EmbeddingServer()
    with serving.application(lambda _: server.app) as url:
        yield server, url


@asynccontextmanager
async def process(url: str, redis: str | None, model: str) -> AsyncIterator[CachedEmbedder]:
    """What one listener embeds with."""
    patient, cache = PatientRedis(redis), RedisCache(redis)
    async with together.AsyncTogether(api_key="any", base_url=url, max_retries=0) as client:
        yield CachedEmbedder(TogetherEmbedder(client, model, RedisBudget(patient, model, RATE)), cache)
    await patient.close()
    await cache.close()


@pytest.fixture
def model() -> str:
    return f"test/{uuid.uuid4()}"


async def test_texts_go_out_in_requests_as_large_as_allowed_and_come_back_in_order(
    provider: tuple[EmbeddingServer, str], model: str
) -> None:
    server, url = provider
    texts = [f"{'x' * (n % 100)} {n}" for n in range(1100)]

    async with process(url, None, model) as embedder:
        vectors = await embedder.embed([*texts, texts[0]], "document", A)

    assert [list(one) for one in vectors] == [vector(text) for text in [*texts, texts[0]]]
    assert max(server.embedded.values()) == 1
    assert sorted(len(request) for request in server.requests) == [76, 512, 512]


async def test_a_text_is_embedded_once_by_all_processes(
    provider: tuple[EmbeddingServer, str], redis_server: str, model: str
) -> None:
    server, url = provider
    async with process(url, redis_server, model) as one, process(url, redis_server, model) as other:
        first = await one.embed(["alpha", "beta"], "document", A)
        second = await other.embed(["beta", "alpha", "gamma"], "document", B)

    assert list(second[0]) == list(first[1])
    assert server.embedded == {"alpha": 1, "beta": 1, "gamma": 1}


async def test_a_retry_resumes_at_the_refused_request(
    provider: tuple[EmbeddingServer, str], redis_server: str, model: str
) -> None:
    server, url = provider
    server.refuse = lambda texts: 3600 if "600" in texts else None
    texts = [str(n) for n in range(1100)]

    async with process(url, redis_server, model) as embedder:
        with pytest.raises(RateLimitedError) as refused:
            await embedder.embed(texts, "document", A)
        with pytest.raises(RateLimitedError):  # no need to ask: everyone knows
            await embedder.embed(texts, "document", B)
    assert refused.value.retry_after_seconds == 3600
    assert server.refusals == 1
    assert len(server.embedded) == 1100 - 512

    server.refuse = lambda _: None
    async with redis.from_url(redis_server) as direct:
        await direct.delete(f"budget:{{{model}}}:pace")  # the hour is over
    async with process(url, redis_server, model) as embedder:
        await embedder.embed(texts, "document", A)
    assert len(server.embedded) == 1100
    assert max(server.embedded.values()) == 1


async def test_a_short_refusal_is_waited_out_in_place(
    provider: tuple[EmbeddingServer, str], redis_server: str, model: str
) -> None:
    server, url = provider
    server.refuse = lambda _: 1 if server.refusals == 0 else None

    async with process(url, redis_server, model) as embedder:
        await embedder.embed(["alpha"], "document", A)

    assert server.refusals == 1
    assert server.embedded == {"alpha": 1}


@pytest.mark.parametrize("shared", [True, False])
async def test_the_rate_is_shared_by_tenants(redis_server: str, model: str, shared: bool) -> None:
    """By all processes through Redis; by one where there is none."""
    patient = PatientRedis(redis_server if shared else None)
    one = RedisBudget(patient, model, RATE)
    other = RedisBudget(patient, model, RATE) if shared else one

    waits = [await (one, other)[n % 2].reserve("a", 10_000) for n in range(6)]
    assert waits[:2] == [0.0, 0.0]
    assert [later - sooner for sooner, later in pairwise(waits[2:])] == pytest.approx([1.0] * 3, abs=0.2)
    assert await other.reserve("b", 10_000) == 0.0
    sooner, later = [await one.reserve("a", 10_000) for _ in range(2)]
    assert later - sooner == pytest.approx(2.0, abs=0.2)
    assert await one.reserve("a", 10_000_000) > 0
    assert await other.reserve("a", 1) < -30
    await patient.close()


async def test_a_long_reservation_outlasts_the_short_ones_of_others(redis_server: str, model: str) -> None:
    patient = PatientRedis(redis_server)
    budget = RedisBudget(patient, model, RATE)

    await budget.reserve("a", RATE)
    await budget.reserve("b", 1)

    async with redis.from_url(redis_server) as client:
        assert await client.pttl(f"budget:{{{model}}}:tenants") > 55_000
    await patient.close()


async def test_a_refusal_slows_every_process(redis_server: str, model: str) -> None:
    patient = PatientRedis(redis_server)
    one, other = RedisBudget(patient, model, RATE), RedisBudget(patient, model, RATE)

    await asyncio.gather(one.refused(5), other.refused(5))

    assert await other.blocked() == pytest.approx(5, abs=0.2)
    first, second = [await other.reserve("b", 7_000) for _ in range(2)]
    assert first == pytest.approx(5, abs=0.2)
    assert second - first == pytest.approx(1.0, abs=0.1)  # at 0.7 of the rate, once
    await patient.close()


async def test_without_redis_each_process_keeps_to_the_rate(model: str) -> None:
    down = RedisBudget(PatientRedis("redis://127.0.0.1:1"), model, RATE)
    own = LocalBudget(RATE)

    for _ in range(4):
        assert await down.reserve("a", 10_000) == pytest.approx(await own.reserve("a", 10_000), abs=0.2)
