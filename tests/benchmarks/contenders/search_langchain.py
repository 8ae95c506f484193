"""LangChain searches: CHROMA_HOST CHROMA_PORT COLLECTION QUESTIONS_JSON TOP.

As its documentation puts it together: a retriever over Chroma, and its ensemble of that and BM25 with equal weights.
The embedder knows the vectors of the questions. Run by an environment of its own; prints for each way the rankings (ids
of passages) and the milliseconds of each search.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import chromadb
from langchain_chroma import Chroma  # type: ignore[import-not-found]
from langchain_classic.retrievers import EnsembleRetriever  # type: ignore[import-not-found]
from langchain_community.retrievers import BM25Retriever  # type: ignore[import-not-found]
from langchain_core.documents import Document  # type: ignore[import-not-found]
from langchain_core.embeddings import Embeddings  # type: ignore[import-not-found]


class Known(Embeddings):  # type: ignore[misc]
    """The vectors of the questions."""

    def __init__(self, vectors: dict[str, list[float]]) -> None:
        self._vectors = vectors

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return self._vectors[text]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Not needed: the vectors are there already."""
        raise NotImplementedError(texts)


def main(host: str, port: str, name: str, questions: str, top: str) -> None:
    """Search."""
    given = json.loads(Path(questions).read_text("utf-8"))
    known = Known({each["text"]: each["vector"] for each in given["questions"]})
    client = chromadb.HttpClient(host=host, port=int(port))
    store = Chroma(client=client, collection_name=name, embedding_function=known)
    vector = store.as_retriever(search_kwargs={"k": int(top)})
    documents = [Document(page_content=each["text"], metadata={"id": each["id"]}) for each in given["passages"]]
    words = BM25Retriever.from_documents(documents, k=int(top))
    hybrid = EnsembleRetriever(retrievers=[vector, words], weights=[0.5, 0.5], id_key="id")
    found = {"vector": measure(vector, given["questions"]), "hybrid": measure(hybrid, given["questions"])}
    sys.stdout.write(json.dumps(found) + "\n")


def measure(retriever: Any, questions: list[dict[str, Any]]) -> dict[str, Any]:
    """Rankings and times."""
    rankings, took = [], []
    for question in questions:
        began = time.perf_counter()
        hits = retriever.invoke(question["text"])
        took.append((time.perf_counter() - began) * 1000)
        rankings.append([hit.metadata["id"] for hit in hits])
    return {"rankings": rankings, "took": took}


if __name__ == "__main__":
    main(*sys.argv[1:])
