"""How much one person may ask: counted once, for all processes, in Redis or, without it, in Postgres."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import redis.asyncio as redis

from functions import compose
from functions.effects.limits import in_words
from functions.effects.supabase import Supabase
from schema.errors import RateLimitedError
from schema.jobs import Outcome
from schema.ports import Limit
from schema.settings import Settings
from tests.conftest import Gateway
from tests.integration.answering import Answering, answering
from tests.integration.engine import Engine, waiting
from tests.integration.serverless import Functions, environment, token
from tests.scripted_model import ScriptedModel

pytestmark = pytest.mark.anyio
DOWN = "redis://127.0.0.1:1"


class Counter:
    """What one service counts with, and its clock. `redis_url`: of one that works, if there is one."""

    def __init__(self, settings: Settings, engine: Engine, redis_url: str | None) -> None:
        self.supabase = Supabase(settings)
        self.redis_url = redis_url
        self._settings = settings
        self._engine = engine

    def limit(self, per_minute: int, per_day: int) -> Limit:
        """As another process would make it."""
        limits = {"questions_per_minute": per_minute, "questions_per_day": per_day}
        return compose.limit(self._settings.model_copy(update=limits), self.supabase, "questions")

    async def let_pass(self, person: uuid.UUID, seconds: float) -> None:
        """Let what the person has asked so far be older."""
        if self.redis_url:
            await let_pass(self.redis_url, person, seconds)
        self._engine.all(
            "update rivulet.asked set at = at - make_interval(secs => %s), expires_at = expires_at"
            " - make_interval(secs => %s) where person_id = %s",
            seconds, seconds, person,
        )  # fmt: skip

    async def counted(self, person: uuid.UUID) -> tuple[int, int]:
        """In Redis, in Postgres."""
        there = 0
        if self.redis_url:
            async with redis.from_url(self.redis_url) as direct:
                there = await direct.zcard(f"limit:question:{person}")
        return there, self._engine.one("select count(*) from rivulet.asked where person_id = %s", person)


@pytest.fixture(params=["redis", "redis is down", "no redis"])
async def counter(
    request: pytest.FixtureRequest, engine: Engine, gateway: Gateway, redis_server: str
) -> AsyncIterator[Counter]:
    works = request.param == "redis"
    url = {"redis": redis_server, "redis is down": DOWN, "no redis": ""}[request.param]
    settings = environment(gateway.database, gateway.url, "http://127.0.0.1:1", "http://127.0.0.1:1")
    made = Counter(Settings.from_env({**settings, "REDIS_URL": url}), engine, redis_server if works else None)
    yield made
    await made.supabase.close()


async def asked(limit: Limit, person: uuid.UUID, times: int) -> None:
    for _ in range(times):
        await limit.admit(person, uuid.uuid4())


async def let_pass(url: str, person: uuid.UUID, seconds: float) -> None:
    """Let what the person has asked so far be older."""
    async with redis.from_url(url) as direct:
        key = f"limit:question:{person}"
        for name in await direct.zrange(key, 0, -1):
            await direct.zincrby(key, -seconds, str(name, "ascii") if isinstance(name, bytes) else str(name))


async def test_a_person_may_ask_so_much_and_again_when_the_first_is_a_minute_ago(counter: Counter) -> None:
    one, other = (counter.limit(3, 0) for _ in range(2))
    anna, bert = uuid.uuid4(), uuid.uuid4()
    await asked(one, anna, 1)
    await counter.let_pass(anna, 40)
    await asked(other, anna, 2)

    with pytest.raises(RateLimitedError) as refused:
        await one.admit(anna, uuid.uuid4())
    assert refused.value.message == "You have asked 3 questions in a minute; ask again in 20 s."
    assert (refused.value.code, refused.value.retry_after_seconds) == ("rate_limited", 20)
    await asked(one, bert, 3)

    await counter.let_pass(anna, 20.1)
    await one.admit(anna, uuid.uuid4())
    with pytest.raises(RateLimitedError, match="again in 40 s"):  # the window slides: two of them still count
        await one.admit(anna, uuid.uuid4())


async def test_a_day_has_a_limit_too(counter: Counter) -> None:
    limit, person = counter.limit(2, 3), uuid.uuid4()
    await asked(limit, person, 2)
    await counter.let_pass(person, 3600)
    await asked(limit, person, 1)

    with pytest.raises(RateLimitedError, match=r"^You have asked 3 questions in a day; ask again in 23 h\.$"):
        await limit.admit(person, uuid.uuid4())
    await counter.let_pass(person, 23 * 3600)
    await limit.admit(person, uuid.uuid4())


async def test_what_is_asked_counts_once_and_a_look_or_a_refusal_not_at_all(counter: Counter) -> None:
    limit, person, question = counter.limit(1, 0), uuid.uuid4(), uuid.uuid4()
    await limit.admit(person)
    await limit.admit(person, question)
    await limit.admit(person, question)

    for tried in (None, uuid.uuid4(), uuid.uuid4()):
        with pytest.raises(RateLimitedError, match="asked 1 question in a minute"):
            await limit.admit(person, tried)
    assert await counter.counted(person) == ((1, 0) if counter.redis_url else (0, 1))


async def test_zero_is_no_limit(counter: Counter) -> None:
    await asked(counter.limit(0, 0), uuid.uuid4(), 5)


async def test_searches_are_counted_apart(engine: Engine) -> None:
    person = uuid.uuid4()
    assert count_in_postgres(engine, person) is None
    assert count_in_postgres(engine, person, "search") is None
    assert count_in_postgres(engine, person)["window"] == 1


async def test_two_at_once_are_counted_one_after_the_other(engine: Engine) -> None:
    person = uuid.uuid4()
    with engine.connection.transaction():
        assert count_in_postgres(engine, person) is None
        second = waiting(engine, lambda other: count_in_postgres(other, person))
    assert second.result()["window"] == 1


async def test_what_no_window_holds_any_more_is_forgotten(engine: Engine) -> None:
    person, other = uuid.uuid4(), uuid.uuid4()
    for each in (person, other):
        count_in_postgres(engine, each)
    engine.all("update rivulet.asked set expires_at = clock_timestamp() where person_id = %s", person)

    engine.sweep()

    assert engine.all("select person_id from rivulet.asked") == [(other,)]


def count_in_postgres(engine: Engine, person: uuid.UUID, kind: str = "question") -> Any:
    """Count something of which there may be one in a minute."""
    return engine.one("select public.count_asked_v1(%s, %s, gen_random_uuid(), '{60}', '{1}')", kind, person)


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


@pytest.mark.parametrize("counter", ["redis"], indirect=True)
async def test_ask_refuses_before_there_is_a_row(
    engine: Engine, functions: Functions, gateway: Gateway, counter: Counter
) -> None:
    user = engine.person()
    await asked(counter.limit(1, 0), user, 1)
    headers = {"Authorization": f"Bearer {token(user, gateway.database.jwt_secret)}"}
    served = functions.serve("ask", QUESTIONS_PER_MINUTE="1")

    async with httpx.AsyncClient(timeout=60) as client:
        reply = await client.post(served.url, json={"question": "How old is it?"}, headers=headers)

    assert (reply.status_code, reply.json()["error"]) == (429, "rate_limited")
    assert int(reply.headers["retry-after"]) > 0
    assert engine.all("select id from public.conversations") == []
