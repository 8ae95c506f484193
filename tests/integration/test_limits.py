"""How much one person may ask: counted once, for all processes; with Redis down nobody is limited."""

import uuid
from collections.abc import AsyncIterator

import httpx
import pytest
import redis.asyncio as redis

from functions.effects.limit_redis import QUESTIONS, RedisLimit, in_words
from functions.effects.redis_patient import PatientRedis
from schema.errors import RateLimitedError
from schema.jobs import Outcome
from tests.conftest import Gateway
from tests.integration.answering import Answering, answering
from tests.integration.engine import Engine
from tests.integration.serverless import Functions, token
from tests.scripted_model import ScriptedModel

pytestmark = pytest.mark.anyio
DOWN = "redis://127.0.0.1:1"


@pytest.fixture
async def patient(redis_server: str) -> AsyncIterator[PatientRedis]:
    made = PatientRedis(redis_server)
    yield made
    await made.close()


async def asked(limit: RedisLimit, person: uuid.UUID, times: int) -> None:
    for _ in range(times):
        await limit.admit(person, uuid.uuid4())


async def let_pass(url: str, person: uuid.UUID, seconds: float) -> None:
    """Let what the person has asked so far be older."""
    async with redis.from_url(url) as direct:
        key = f"limit:question:{person}"
        for name in await direct.zrange(key, 0, -1):
            await direct.zincrby(key, -seconds, str(name, "ascii") if isinstance(name, bytes) else str(name))


async def test_a_person_may_ask_so_much_and_again_when_the_first_is_a_minute_ago(
    patient: PatientRedis, redis_server: str
) -> None:
    one, other = (RedisLimit(patient, QUESTIONS, 3, 0) for _ in range(2))
    anna, bert = uuid.uuid4(), uuid.uuid4()
    await asked(one, anna, 1)
    await let_pass(redis_server, anna, 40)
    await asked(other, anna, 2)

    with pytest.raises(RateLimitedError) as refused:
        await one.admit(anna, uuid.uuid4())
    assert refused.value.message == "You have asked 3 questions in a minute; ask again in 20 s."
    assert (refused.value.code, refused.value.retry_after_seconds) == ("rate_limited", 20)
    await asked(one, bert, 3)

    await let_pass(redis_server, anna, 20.1)
    await one.admit(anna, uuid.uuid4())
    with pytest.raises(RateLimitedError, match="again in 40 s"):  # the window slides: two of them still count
        await one.admit(anna, uuid.uuid4())


async def test_a_day_has_a_limit_too(patient: PatientRedis, redis_server: str) -> None:
    limit, person = RedisLimit(patient, QUESTIONS, 2, 3), uuid.uuid4()
    await asked(limit, person, 2)
    await let_pass(redis_server, person, 3600)
    await asked(limit, person, 1)

    with pytest.raises(RateLimitedError, match=r"^You have asked 3 questions in a day; ask again in 23 h\.$"):
        await limit.admit(person, uuid.uuid4())
    await let_pass(redis_server, person, 23 * 3600)
    await limit.admit(person, uuid.uuid4())


async def test_what_is_asked_counts_once_and_a_look_or_a_refusal_not_at_all(
    patient: PatientRedis, redis_server: str
) -> None:
    limit, person, question = RedisLimit(patient, QUESTIONS, 1, 0), uuid.uuid4(), uuid.uuid4()
    await limit.admit(person)
    await limit.admit(person, question)
    await limit.admit(person, question)

    for tried in (None, uuid.uuid4(), uuid.uuid4()):
        with pytest.raises(RateLimitedError, match="asked 1 question in a minute"):
            await limit.admit(person, tried)
    async with redis.from_url(redis_server) as direct:
        assert await direct.zcard(f"limit:question:{person}") == 1


async def test_zero_is_no_limit_and_without_redis_there_is_none(patient: PatientRedis) -> None:
    await asked(RedisLimit(patient, QUESTIONS, 0, 0), uuid.uuid4(), 5)
    await asked(RedisLimit(PatientRedis(DOWN), QUESTIONS, 1, 1), uuid.uuid4(), 5)
    await asked(RedisLimit(PatientRedis(None), QUESTIONS, 1, 1), uuid.uuid4(), 5)


def test_waits_are_told_in_the_unit_that_fits() -> None:
    assert [in_words(each) for each in (1, 119, 121, 6900, 7201)] == ["1 s", "119 s", "3 min", "115 min", "3 h"]


# ── Where it counts ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def responder(
    engine: Engine, gateway: Gateway, chroma: str, scripted: tuple[ScriptedModel, str], redis_server: str
) -> AsyncIterator[Answering]:
    async with answering(engine, gateway, chroma, *scripted, REDIS_URL=redis_server, QUESTIONS_PER_MINUTE="2") as made:
        yield made


async def test_a_question_over_the_limit_waits_for_seconds_and_ends_with_words_where_it_is_longer(
    responder: Answering, redis_server: str
) -> None:
    engine = responder.engine
    user = engine.person()
    engine.ingest(user, ["The weir is old."])
    conversation = engine.conversation(user)
    for _ in range(2):
        assert (await responder.ask(conversation, "How old is the weir?"))["status"] == "complete"

    refused = await responder.ask(conversation, "How old is the weir?")
    assert (refused["status"], refused["error_code"]) == ("failed", "rate_limited")
    assert refused["error_message"].startswith("You have asked 2 questions in a minute; ask again in ")

    await let_pass(redis_server, user, 50)
    answer = engine.ask(conversation)
    assert await responder.run() is Outcome.PUT_OFF
    assert responder.row(answer)["status"] == "pending"
    wait = engine.one("select extract(epoch from run_at - clock_timestamp()) from rivulet.jobs")
    assert 5 < wait <= 10
    await let_pass(redis_server, user, 10)
    assert await responder.run() is Outcome.DONE
    assert responder.row(answer)["status"] == "complete"
    assert engine.one("select max(attempt) from rivulet.job_history where outcome = 'done'") == 1


async def test_a_question_refused_can_be_put_again(responder: Answering, redis_server: str) -> None:
    engine = responder.engine
    user = engine.person()
    conversation = engine.conversation(user)
    for _ in range(2):
        await responder.ask(conversation, "How old is the weir?")
    refused = await responder.ask(conversation, "How old is the weir?")

    await let_pass(redis_server, user, 60)
    assert engine.one("select rivulet.restart_answer(%s)", refused["id"])
    await responder.run()

    assert responder.row(refused["id"])["status"] == "complete"


def test_the_functions_answer_429_and_say_when_to_come_back(
    engine: Engine, functions: Functions, gateway: Gateway
) -> None:
    headers = {"Authorization": f"Bearer {token(engine.person(), gateway.database.jwt_secret)}"}
    served = functions.serve("search", QUESTIONS_PER_MINUTE="1")

    first, second = (httpx.post(served.url, json={"query": "weir"}, headers=headers, timeout=60) for _ in range(2))

    assert first.status_code == 200
    assert (second.status_code, second.json()["error"]) == (429, "rate_limited")
    assert second.json()["message"].startswith("You have searched 1 time in a minute; search again in ")
    assert 50 <= int(second.headers["retry-after"]) <= 60


async def test_ask_refuses_before_there_is_a_row(
    engine: Engine, functions: Functions, gateway: Gateway, patient: PatientRedis
) -> None:
    user = engine.person()
    await RedisLimit(patient, QUESTIONS, 1, 0).admit(user, uuid.uuid4())
    headers = {"Authorization": f"Bearer {token(user, gateway.database.jwt_secret)}"}
    served = functions.serve("ask", QUESTIONS_PER_MINUTE="1")

    async with httpx.AsyncClient(timeout=60) as client:
        reply = await client.post(served.url, json={"question": "How old is it?"}, headers=headers)

    assert (reply.status_code, reply.json()["error"]) == (429, "rate_limited")
    assert int(reply.headers["retry-after"]) > 0
    assert engine.all("select id from public.conversations") == []
