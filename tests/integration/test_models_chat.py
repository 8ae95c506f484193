"""Chat completions of the real model server, through the real SDK."""

import asyncio
from collections.abc import Iterator
from html import escape
from typing import Any

import httpx
import pytest
import together

EXTRACTIVE = "rivulet/extractive-1"
REFUSAL = "I could not find that in your documents."
SYSTEM = f"Answer from the passages.\nIf the passages do not answer the question, reply exactly: «{REFUSAL}»"
PASSAGE = "The weir was built in 1931. It is 42 metres long & was <restored> twice."


def messages(question: str, *passages: str) -> Any:
    fenced = [f'<passage id="{n}" title="Weir">\n{escape(text)}\n</passage>' for n, text in enumerate(passages, 1)]
    body = "\n".join(["<passages>", *fenced, "</passages>", "", f"Question: {question}"])
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": body}]


@pytest.fixture
def client(model_server: str) -> Iterator[together.Together]:
    with together.Together(api_key="any", base_url=model_server, max_retries=0) as made:
        yield made


def test_an_answer_says_which_model_made_it_and_what_it_cost(client: together.Together) -> None:
    made = client.chat.completions.create(model=EXTRACTIVE, messages=messages("When was the weir built?", PASSAGE))
    [choice] = made.choices
    assert choice.message
    assert choice.message.content == "The weir was built in 1931 [1]."
    assert choice.finish_reason == "stop"
    assert made.model == EXTRACTIVE
    assert made.usage
    assert made.usage.completion_tokens == 7
    assert made.usage.total_tokens == made.usage.prompt_tokens + 7


def test_a_stream_brings_the_same_text_word_by_word(client: together.Together) -> None:
    asked = messages("When was the weir built?", PASSAGE)
    chunks = list(client.chat.completions.create(model=EXTRACTIVE, messages=asked, stream=True))
    words = [chunk.choices[0].delta.content for chunk in chunks]
    assert words == ["The", " weir", " was", " built", " in", " 1931", " [1].", ""]
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [None] * 7 + ["stop"]
    assert [chunk.usage is None for chunk in chunks] == [True] * 7 + [False]
    assert {chunk.model for chunk in chunks} == {EXTRACTIVE}


def test_escaped_text_is_quoted_as_it_was(client: together.Together) -> None:
    made = client.chat.completions.create(
        model=EXTRACTIVE, messages=messages("How often was the weir restored?", PASSAGE)
    )
    assert made.choices[0].message
    assert (made.choices[0].message.content or "").endswith("It is 42 metres long & was <restored> twice [1].")


def test_max_tokens_cut_the_answer_and_say_so(client: together.Together) -> None:
    asked = messages("When was the weir built?", PASSAGE)
    made = client.chat.completions.create(model=EXTRACTIVE, messages=asked, max_tokens=3)
    assert made.choices[0].message
    assert (made.choices[0].message.content, made.choices[0].finish_reason) == ("The weir was", "length")


def test_what_the_passages_do_not_say_is_refused(client: together.Together) -> None:
    made = client.chat.completions.create(model=EXTRACTIVE, messages=messages("Who owns the museum in Paris?", PASSAGE))
    assert made.choices[0].message
    assert made.choices[0].message.content == REFUSAL


def test_ordinary_chat_is_told_what_this_model_is(client: together.Together) -> None:
    made = client.chat.completions.create(model=EXTRACTIVE, messages=[{"role": "user", "content": "Tell me a joke"}])
    assert made.choices[0].message
    assert "I only quote sentences from passages" in (made.choices[0].message.content or "")


@pytest.mark.anyio
async def test_fifty_questions_at_once_are_all_answered_rightly(model_server: str) -> None:
    async def ask(client: together.AsyncTogether, year: int) -> str:
        asked = messages(f"When was weir number {year} built?", f"Weir number {year} was built in {year}. It is long.")
        stream = await client.chat.completions.create(model=EXTRACTIVE, messages=asked, stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    async with together.AsyncTogether(api_key="any", base_url=model_server, max_retries=0) as client:
        answers = await asyncio.gather(*(ask(client, year) for year in range(1900, 1950)))
    assert answers == [f"Weir number {year} was built in {year} [1]." for year in range(1900, 1950)]


def test_an_unknown_model_is_refused_with_the_names_there_are(client: together.Together) -> None:
    with pytest.raises(together.NotFoundError, match=EXTRACTIVE) as refused:
        client.chat.completions.create(model="meta-llama/Llama-9", messages=messages("?", PASSAGE))
    assert refused.value.body == {
        "error": {
            "message": f"There is no chat model 'meta-llama/Llama-9' here. This server has: {EXTRACTIVE}.",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        }
    }


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"n": 2}, "n"),
    ],
)
def test_what_it_cannot_do_is_refused(client: together.Together, extra: dict[str, object], named: str) -> None:
    with pytest.raises(together.BadRequestError, match=f"it has no {named}"):
        client.chat.completions.create(model=EXTRACTIVE, messages=messages("?", PASSAGE), extra_body=extra)


def test_too_long_a_conversation_is_refused(client: together.Together) -> None:
    with pytest.raises(together.BadRequestError, match="reads 32768"):
        client.chat.completions.create(model=EXTRACTIVE, messages=messages("?", "word " * 40_000))


@pytest.mark.parametrize(
    ("content", "status", "code", "message"),
    [
        (b"{", 400, "invalid_json", "not JSON"),
        (b"[]", 422, "invalid_request", "body"),
        (b'{"model": "rivulet/extractive-1"}', 422, "invalid_request", "messages: Field required"),
        (b'{"model": "m", "messages": []}', 422, "invalid_request", "messages"),
        (b'{"model": "m", "messages": [{"role": "robot", "content": ""}]}', 422, "invalid_request", "messages.0.role"),
        (b'{"model": "m", "messages": [{"role": "user"}], "max_tokens": 0}', 422, "invalid_request", "messages.0"),
        (b" " * (8 * 2**20 + 1), 413, "request_too_large", "8 MiB"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(
    model_server: str, content: bytes, status: int, code: str, message: str
) -> None:
    answer = httpx.post(f"{model_server}/v1/chat/completions", content=content)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert message in answer.json()["error"]["message"]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/completions", 404), ("GET", "/v1/rerank", 405)])
def test_an_unknown_path_is_told_what_there_is(model_server: str, method: str, path: str, status: int) -> None:
    answer = httpx.request(method, f"{model_server}{path}")
    assert answer.status_code == status
    assert "POST /v1/chat/completions" in answer.json()["error"]["message"]


def test_the_models_are_listed(model_server: str) -> None:
    listed = {model["id"]: model["type"] for model in httpx.get(f"{model_server}/v1/models").json()}
    assert listed == {
        "rivulet/all-minilm-l6-v2-int8": "embedding",
        EXTRACTIVE: "chat",
        "rivulet/minilm-rerank": "rerank",
    }
