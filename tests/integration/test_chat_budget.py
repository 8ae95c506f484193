"""What chat models are asked: one budget for all processes, shared by tenants, and patience with who asks for it."""

import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from uuid import UUID

import pytest

from functions.effects.breaker import Breaker
from functions.effects.budget_redis import RedisBudget
from functions.effects.cache_redis import RedisCache
from functions.effects.generate_resilient import ResilientGenerator
from functions.effects.redis_patient import PatientRedis
from schema.answers import Delta, Sampling, Turn
from schema.errors import RateLimitedError

pytestmark = pytest.mark.anyio
TURNS = [Turn(role="user", content="x" * 3996)]  # a thousand tokens
SAMPLING = Sampling(max_tokens=1000)
RATE = 240_000  # two such answers a second
A, B = UUID(int=1), UUID(int=2)


class Model:
    """Answers at once, or refuses."""

    def __init__(self, name: str) -> None:
        self.model = name
        self.asked = 0
        self.refuses: float | None = None  # and wants to be left alone for so long

    async def stream(self, turns: Sequence[Turn], sampling: Sampling) -> AsyncGenerator[Delta, None]:
        self.asked += 1
        if self.refuses is not None:
            raise RateLimitedError("model_busy", "The model is busy.", self.refuses)
        yield Delta(text="Old.", model=self.model, finish_reason="stop")


@pytest.fixture
async def patient(redis_server: str) -> AsyncIterator[PatientRedis]:
    made = PatientRedis(redis_server)
    yield made
    await made.close()


@pytest.fixture
def models() -> list[Model]:
    return [Model(f"test/{uuid.uuid4()}") for _ in range(2)]


def process(redis: PatientRedis, *models: Model) -> ResilientGenerator:
    """What one responder asks."""
    budgets = {each.model: RedisBudget(redis, each.model, RATE) for each in models}
    return ResilientGenerator(models, Breaker(RedisCache(None)), budgets)


async def seconds(generator: ResilientGenerator, tenant: UUID | None) -> float:
    began = time.monotonic()
    assert [delta.text async for delta in generator.stream(TURNS, SAMPLING, tenant)] == ["Old."]
    return time.monotonic() - began


async def test_tenants_share_what_all_processes_may_ask(patient: PatientRedis, models: list[Model]) -> None:
    one, other = (process(patient, models[0]) for _ in range(2))

    assert [await seconds(each, A) for each in (one, other, one)] == pytest.approx([0.0] * 3, abs=0.2)
    assert await seconds(other, A) == pytest.approx(0.5, abs=0.3)
    assert await seconds(one, B) < 0.2
    assert await seconds(one, None) < 0.2


async def test_a_refusal_is_known_to_all_and_another_model_answers(patient: PatientRedis, models: list[Model]) -> None:
    busy, spare = models
    busy.refuses = 20.0
    one, other = (process(patient, busy, spare) for _ in range(2))

    for generator in (one, other, other):
        assert await seconds(generator, A) < 1.0

    assert (busy.asked, spare.asked) == (1, 3)


async def test_what_would_wait_too_long_goes_back_to_the_queue(patient: PatientRedis, models: list[Model]) -> None:
    await RedisBudget(patient, models[0].model, RATE).reserve(str(A), RATE)

    with pytest.raises(RateLimitedError) as refused:
        await seconds(process(patient, models[0]), A)

    assert refused.value.retry_after_seconds == pytest.approx(59, abs=1.5)
    assert models[0].asked == 0


async def test_with_redis_down_answers_come_all_the_same(models: list[Model]) -> None:
    generator = process(PatientRedis("redis://127.0.0.1:1"), models[0])
    assert await seconds(generator, A) < 1.0
