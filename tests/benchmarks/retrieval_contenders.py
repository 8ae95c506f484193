"""Retrieval beside LlamaIndex and LangChain: `python -m tests.benchmarks.retrieval_contenders --data DIR [--json]`.

On a collection in the form of BEIR and the running stack: the collection is ingested as `rivulet eval` does it, and
searched; then both frameworks search the same passages by the same vectors on the same Chroma server, by meaning alone
and by their hybrid, in environments of their own (make bench-setup). Embedding the question is in nobody's time.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import chromadb
import numpy as np
from chromadb.config import Settings as ChromaSettings

from functions import compose
from functions.effects.supabase import Supabase
from functions.pipeline.chunk import embedding_text
from infra.cli.evaluation.dataset import Dataset, read_dataset
from infra.cli.evaluation.library import Library, fill
from infra.cli.evaluation.measures import ndcg, percentile
from infra.cli.evaluation.run import Report, evaluate
from infra.local import stack, state
from schema.settings import Settings
from tests.benchmarks import figures

PYTHON = state.CHECKOUT / ".venv" / "bench" / "bin" / "python"
FRAMEWORKS = ("llamaindex", "langchain")
TOP = 200
BATCH = 500


def main() -> None:
    """Run all, one after the other, and show them."""
    parser = figures.parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with corpus.jsonl, queries.jsonl and qrels/")
    given = parser.parse_args()
    dataset = read_dataset(given.data)
    settings = Settings.from_env(stack.environment())
    found = asyncio.run(run(settings, dataset))
    figures.show(found, {}, given.json)


async def run(settings: Settings, dataset: Dataset) -> dict[str, figures.Figure]:
    """The figures of everybody."""
    supabase = Supabase(settings)
    library = await fill(supabase, dataset, _quiet)
    report = await evaluate(compose.retriever(settings, supabase), dataset, library, _quiet)
    task = await export(settings, supabase, dataset, library)
    await supabase.close()
    found = _ours(report)
    name = f"benchmark-{uuid4().hex}"
    client, collection = _collect(settings, task, name)
    try:
        for framework in FRAMEWORKS:
            for way, result in _contend(framework, settings, task, name).items():
                found |= _theirs(f"{framework}_{way}", result, dataset, library)
    finally:
        client.delete_collection(collection)
    return found


async def export(settings: Settings, supabase: Supabase, dataset: Dataset, library: Library) -> dict[str, Any]:
    """Passages and questions with their vectors, which the cache still has."""
    embedder = compose.embedders(settings, supabase)(settings.embedding_model)
    titles = {text.id: text.title for text in dataset.corpus}
    passages: list[dict[str, Any]] = []
    chunks = list(library.texts)
    for start in range(0, len(chunks), 100):
        ids = [str(chunk) for chunk in chunks[start : start + 100]]
        rows: Any = (await supabase.client.table("chunks").select("id,heading_path,text").in_("id", ids).execute()).data
        texts = [
            embedding_text(titles[library.texts[next(c for c in chunks[start : start + 100] if str(c) == row["id"])]],
                           row["heading_path"], row["text"])
            for row in rows
        ]  # fmt: skip
        vectors = await embedder.embed(texts, "document")
        passages += [
            {"id": row["id"], "text": text, "vector": list(vector)}
            for row, text, vector in zip(rows, texts, vectors, strict=True)
        ]
    asked = list(dataset.queries.values())
    vectors = await embedder.embed(asked, "query")
    return {
        "passages": passages,
        "questions": [{"text": text, "vector": list(vector)} for text, vector in zip(asked, vectors, strict=True)],
    }


def _collect(settings: Settings, task: Mapping[str, Any], name: str) -> tuple[Any, str]:
    address = urlsplit(settings.chroma_url)
    client = chromadb.HttpClient(
        host=str(address.hostname), port=address.port or 8000, settings=ChromaSettings(anonymized_telemetry=False)
    )
    collection = client.create_collection(name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}})
    for start in range(0, len(task["passages"]), BATCH):
        batch = task["passages"][start : start + BATCH]
        collection.add(
            ids=[each["id"] for each in batch],
            embeddings=np.asarray([each["vector"] for each in batch], dtype=np.float32),
            documents=[each["text"] for each in batch],
            metadatas=[{"id": each["id"]} for each in batch],
        )
    return client, name


def _contend(framework: str, settings: Settings, task: Mapping[str, Any], name: str) -> dict[str, Any]:
    script = Path(__file__).parent / "contenders" / f"search_{framework}.py"
    address = urlsplit(settings.chroma_url)
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        passages = [{"id": each["id"], "text": each["text"]} for each in task["passages"]]
        json.dump({"passages": passages, "questions": task["questions"]}, file)
        file.flush()
        command = [str(PYTHON), str(script), str(address.hostname), str(address.port), name, file.name, str(TOP)]
        figures.say(f"{framework} searches")
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=sys.stderr, check=True, text=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _ours(report: Report) -> dict[str, figures.Figure]:
    return {
        "rivulet_vector_ndcg@10": report.arms["dense"]["ndcg@10"],
        "rivulet_hybrid_ndcg@10": report.arms["fused"]["ndcg@10"],
        "rivulet_hybrid_p50_ms": report.p50_ms,
        "rivulet_hybrid_p95_ms": report.p95_ms,
    }


def _theirs(label: str, result: Mapping[str, Any], dataset: Dataset, library: Library) -> dict[str, figures.Figure]:
    texts = {str(chunk): text for chunk, text in library.texts.items()}
    rankings: Sequence[Sequence[str]] = result["rankings"]
    gains = [
        ndcg(list(dict.fromkeys(texts[chunk] for chunk in ranking)), dataset.relevant[query])
        for query, ranking in zip(dataset.queries, rankings, strict=True)
    ]
    return {
        f"{label}_ndcg@10": fmean(gains),
        f"{label}_p50_ms": percentile(result["took"], 0.5),
        f"{label}_p95_ms": percentile(result["took"], 0.95),
    }


def _quiet(_done: int, _total: int) -> None:
    """Progress is of no interest here."""


if __name__ == "__main__":
    main()
