"""LlamaIndex searches: CHROMA_HOST CHROMA_PORT COLLECTION QUESTIONS_JSON TOP.

As its documentation puts it together: a vector retriever over Chroma, and its fusion retriever over that and BM25, by
reciprocal rank. The embedder knows the vectors of the questions. Run by an environment of its own; prints for each way
the rankings (ids of passages) and the milliseconds of each search.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import chromadb
from llama_index.core import MockEmbedding, Settings, VectorStoreIndex  # type: ignore[import-not-found]
from llama_index.core.llms import MockLLM  # type: ignore[import-not-found]
from llama_index.core.retrievers import QueryFusionRetriever  # type: ignore[import-not-found]
from llama_index.core.schema import TextNode  # type: ignore[import-not-found]
from llama_index.retrievers.bm25 import BM25Retriever  # type: ignore[import-not-found]
from llama_index.vector_stores.chroma import ChromaVectorStore  # type: ignore[import-not-found]

VECTORS: dict[str, list[float]] = {}


class Known(MockEmbedding):  # type: ignore[misc]
    """The vectors of the questions."""

    def _get_query_embedding(self, query: str) -> list[float]:
        return VECTORS[query]


def main(host: str, port: str, name: str, questions: str, top: str) -> None:
    """Search."""
    given = json.loads(Path(questions).read_text("utf-8"))
    VECTORS.update({each["text"]: each["vector"] for each in given["questions"]})
    Settings.embed_model = Known(embed_dim=384)
    Settings.llm = MockLLM()
    collection = chromadb.HttpClient(host=host, port=int(port)).get_or_create_collection(name, embedding_function=None)
    index = VectorStoreIndex.from_vector_store(ChromaVectorStore(chroma_collection=collection))
    vector = index.as_retriever(similarity_top_k=int(top))
    nodes = [TextNode(id_=each["id"], text=each["text"]) for each in given["passages"]]
    words = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=int(top))
    hybrid = QueryFusionRetriever(
        [vector, words], similarity_top_k=int(top), num_queries=1, mode="reciprocal_rerank", use_async=False
    )
    found = {"vector": measure(vector, given["questions"]), "hybrid": measure(hybrid, given["questions"])}
    sys.stdout.write(json.dumps(found) + "\n")


def measure(retriever: Any, questions: list[dict[str, Any]]) -> dict[str, Any]:
    """Rankings and times."""
    rankings, took = [], []
    for question in questions:
        began = time.perf_counter()
        hits = retriever.retrieve(question["text"])
        took.append((time.perf_counter() - began) * 1000)
        rankings.append([hit.node.node_id for hit in hits])
    return {"rankings": rankings, "took": took}


if __name__ == "__main__":
    main(*sys.argv[1:])
