"""An answer that is given again: to the same person, from the same passages, and only if somebody wants that."""

import json
import uuid
from collections.abc import AsyncIterator

import pytest

from tests.conftest import Gateway
from tests.integration.answering import Answering, answering
from tests.integration.engine import Engine
from tests.scripted_model import Script, ScriptedModel

pytestmark = pytest.mark.anyio
QUESTION = "How old is the weir?"
FIRST, SECOND = Script(["The weir is ", "old [1]."]), Script(["It is old, says the passage [1]."])


@pytest.fixture
async def responder(
    engine: Engine, gateway: Gateway, chroma: str, scripted: tuple[ScriptedModel, str], redis_server: str
) -> AsyncIterator[Answering]:
    async with answering(engine, gateway, chroma, *scripted, REDIS_URL=redis_server, ANSWER_CACHE_SECONDS="60") as made:
        yield made


@pytest.fixture
def user(engine: Engine) -> uuid.UUID:
    user = engine.person()
    engine.ingest(user, ["The weir is old."])
    return user


async def test_the_same_question_gets_the_same_answer_with_citations_and_no_call(
    responder: Answering, user: uuid.UUID
) -> None:
    engine = responder.engine
    first = await responder.ask(engine.conversation(user), QUESTION, FIRST)
    again = await responder.ask(engine.conversation(user), QUESTION)

    assert len(responder.model.asked) == 1
    assert (first["metadata"]["replayed"], again["metadata"]["replayed"]) == (False, True)
    assert (again["content"], again["model"], again["usage"]) == (first["content"], first["model"], None)
    quotes = dict(engine.all("select message_id, quote from public.citations"))
    assert quotes[uuid.UUID(again["id"])] == quotes[uuid.UUID(first["id"])] == "The weir is old."


async def test_other_passages_other_people_and_follow_ups_are_asked_anew(responder: Answering, user: uuid.UUID) -> None:
    engine, conversation = responder.engine, responder.engine.conversation(user)
    reader = engine.person()
    engine.all("insert into public.library_members values (%s, %s, 'viewer')", engine.library(user), reader)
    await responder.ask(conversation, QUESTION, FIRST)

    followed = await responder.ask(conversation, QUESTION, SECOND)
    shared = await responder.ask(engine.conversation(reader), QUESTION, SECOND)
    engine.all("delete from public.library_members where user_id = %s and role = 'viewer'", reader)
    lost = await responder.ask(engine.conversation(reader), QUESTION, Script(["I do not know."]))
    engine.ingest(user, ["The weir is as old as the mill."])
    changed = await responder.ask(engine.conversation(user), QUESTION, SECOND)

    assert [row["metadata"]["replayed"] for row in (followed, shared, lost, changed)] == [False] * 4
    assert "old" not in lost["content"]


async def test_who_wants_another_answer_gets_one(responder: Answering, user: uuid.UUID) -> None:
    engine = responder.engine
    first = await responder.ask(engine.conversation(user), QUESTION, FIRST)
    with engine.connection.transaction():
        claims = json.dumps({"sub": str(user), "role": "authenticated"})
        engine.all("select set_config('request.jwt.claims', %s, true)", claims)
        other = engine.one("select public.regenerate_answer(%s)", first["id"])
    responder.model.scripts.append(SECOND)
    await responder.run()

    assert responder.row(other)["content"] == "It is old, says the passage [1]."
