"""Embeddings and reranking of the real model server, through the real SDK."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import onnx
import psutil
import pytest
import together
from numpy.typing import NDArray

from infra.local.models import graph, package, weights
from infra.local.models.encoder import Encoder
from tests.waiting import eventually

EMBEDDER = "rivulet/all-minilm-l6-v2-int8"
RERANKER = "rivulet/minilm-rerank"

PARAPHRASES = [
    ("How do I reset my password?", "I forgot my login and need a new password."),
    ("The company was founded in 1998.", "The firm was established in 1998."),
    ("A man is eating a piece of bread.", "A man eats some bread."),
]
LONG = " ".join(f"The pump at station {n} was replaced because its bearing had worn out." for n in range(40))


def vectors(client: together.Together, *texts: str) -> NDArray[np.float32]:
    made = client.embeddings.create(model=EMBEDDER, input=list(texts))
    assert [item.index for item in made.data] == list(range(len(texts)))
    return np.array([item.embedding for item in made.data], np.float32)


@pytest.fixture
def client(model_server: str) -> Iterator[together.Together]:
    with together.Together(api_key="any", base_url=model_server, max_retries=0) as made:
        yield made


def test_vectors_have_length_one_and_come_in_the_order_of_the_texts(client: together.Together) -> None:
    texts = [LONG, "short", "", *(f"text number {n}" for n in range(30)), "short"]
    made = vectors(client, *texts)
    assert made.shape == (len(texts), 384)
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-4)
    assert np.array_equal(made[1], made[-1])
    for place in (0, 1, 7):
        assert np.array_equal(vectors(client, texts[place])[0], made[place]), "a text's vector depends on its batch"


def test_meaning_decides_what_is_near(client: together.Together) -> None:
    made = vectors(client, *(text for pair in PARAPHRASES for text in pair))
    left, right = made[::2], made[1::2]
    cosines = left @ right.T
    assert np.diag(cosines).min() > 0.6
    assert np.max(cosines[~np.eye(3, dtype=bool)]) < 0.3


def test_the_integers_stay_close_to_the_published_network(client: together.Together, tmp_path: Path) -> None:
    folder = package.model_folder()
    path = tmp_path / "full.onnx"
    onnx.save(graph.build(weights.read_tensors(folder / "model.safetensors"), int8=False), path)
    full = Encoder(path, folder / "tokenizer.json")
    texts = [LONG, *(text for pair in PARAPHRASES for text in pair)]
    exact = np.array([full.vector(ids) for ids in full.ids(texts)])
    assert (vectors(client, *texts) * exact).sum(axis=1).min() > 0.985


def test_text_beyond_the_context_is_not_read(client: together.Together) -> None:
    one, other = vectors(client, LONG + " Cats purr.", LONG + " Stocks fell.")
    assert np.array_equal(one, other)


@pytest.mark.anyio
async def test_a_question_does_not_wait_for_a_large_batch(model_server: str) -> None:
    batch = [f"{n} {LONG}" for n in range(40)]
    async with together.AsyncTogether(api_key="any", base_url=model_server, max_retries=0, timeout=300) as client:
        start = time.perf_counter()
        large = asyncio.create_task(client.embeddings.create(model=EMBEDDER, input=batch))
        waits = []
        for number in range(10):
            asked = time.perf_counter()
            await client.embeddings.create(model=EMBEDDER, input=f"question number {number}")
            waits.append(time.perf_counter() - asked)
        assert not large.done()
        assert len((await large).data) == len(batch)
    assert sorted(waits)[5] < (time.perf_counter() - start) / 10


@pytest.mark.anyio
async def test_a_batch_whose_client_has_gone_is_dropped(model_server: str) -> None:
    """Otherwise a client that times out and asks again would make the server slower with each repetition."""
    port = model_server.rsplit(":", 1)[1]
    [process] = [child for child in psutil.Process().children() if child.environ().get("MODELS_PORT") == port]
    body = {"model": EMBEDDER, "input": [f"{n} {LONG}" for n in range(400)]}
    async with httpx.AsyncClient(timeout=0.5) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post(f"{model_server}/v1/embeddings", json=body)

    def resting() -> None:
        assert process.cpu_percent(0.2) < 20

    await asyncio.to_thread(eventually, resting, 5)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"model": "other", "input": "x"}, 404, EMBEDDER),
        ({"model": "rivulet/extractive-1", "input": "x"}, 404, EMBEDDER),
        ({"model": EMBEDDER, "input": []}, 422, "input"),
        ({"model": EMBEDDER, "input": [1]}, 422, "input"),
        ({"model": EMBEDDER, "input": ["x"] * 2049}, 422, "2048"),
        ({"model": EMBEDDER, "input": "x", "encoding_format": "base64"}, 422, "encoding_format"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(
    model_server: str, body: dict[str, object], status: int, message: str
) -> None:
    answer = httpx.post(f"{model_server}/v1/embeddings", json=body)
    assert answer.status_code == status
    assert message in answer.json()["error"]["message"]


DOCUMENTS = ["Bread is baked in an oven.", "The pump moves water from the well.", "Dogs chase cats."]


def test_reranking_puts_the_relevant_document_first(client: together.Together) -> None:
    made = client.rerank.create(model=RERANKER, query="What pumps the water?", documents=DOCUMENTS)
    assert made.results[0].index == 1
    scores = [result.relevance_score for result in made.results]
    assert scores == sorted(scores, reverse=True)
    assert sorted(result.index for result in made.results) == [0, 1, 2]


def test_reranking_returns_as_many_as_asked_and_the_documents_if_asked(client: together.Together) -> None:
    made = client.rerank.create(model=RERANKER, query="animals", documents=DOCUMENTS, top_n=1, return_documents=True)
    [result] = made.results
    assert result.document.text == DOCUMENTS[2]


def test_objects_are_ranked_by_the_named_fields(client: together.Together) -> None:
    documents: list[dict[str, object]] = [{"title": "Dogs", "text": "bread"}, {"title": "Bread", "text": "dogs"}]
    by_title = client.rerank.create(model=RERANKER, query="Bread", documents=documents, rank_fields=["title"])
    by_text = client.rerank.create(model=RERANKER, query="Bread", documents=documents, rank_fields=["text"])
    assert (by_title.results[0].index, by_text.results[0].index) == (1, 0)
    with pytest.raises(together.UnprocessableEntityError, match="rank_fields"):
        client.rerank.create(model=RERANKER, query="Bread", documents=documents, rank_fields=["colour"])
