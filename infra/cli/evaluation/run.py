"""Runs the queries of a collection through retrieval and measures both arms and what they make together."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from uuid import UUID

from functions.handlers.retrieval.found import Found
from functions.handlers.retrieval.retrieve import Retriever
from functions.pipeline.fuse import fuse
from infra.cli.evaluation.dataset import Dataset
from infra.cli.evaluation.library import Library, Progress
from infra.cli.evaluation.measures import ndcg, percentile, recall, reciprocal_rank
from schema.answers import Retrieved

ARMS = ("dense", "lexical", "fused")


@dataclass(frozen=True)
class Report:
    """Means over the queries for each arm, and how long a search took, without embedding the query."""

    data: str
    documents: int
    passages: int
    queries: int
    failed_documents: int
    arms: Mapping[str, Mapping[str, float]]
    p50_ms: float
    p95_ms: float


async def evaluate(retriever: Retriever, dataset: Dataset, library: Library, progress: Progress) -> Report:
    """Search for every query, one after the other, on behalf of the library's owner."""
    figures: dict[str, list[dict[str, float]]] = {arm: [] for arm in ARMS}
    took: list[float] = []
    for number, (query, text) in enumerate(dataset.queries.items(), 1):
        started = time.monotonic()
        found = await retriever.search(library.owner, text, library.id)
        chosen = await retriever.choose(found, library.owner, text)
        took.append((time.monotonic() - started) * 1000 - found.timings.get("embed", 0))
        for arm, passages in _rankings(found, chosen).items():
            figures[arm].append(_figures(_texts(passages, library.texts), dataset.relevant[query]))
        progress(number, len(dataset.queries))
    return Report(
        data=dataset.name,
        documents=len(dataset.corpus),
        passages=len(library.texts),
        queries=len(dataset.queries),
        failed_documents=library.failed,
        arms={arm: _means(rows) for arm, rows in figures.items()},
        p50_ms=round(percentile(took, 0.5), 1),
        p95_ms=round(percentile(took, 0.95), 1),
    )


def _rankings(found: Found, chosen: Retrieved) -> dict[str, list[UUID]]:
    """The passages by each arm, and by both: first those that were looked at for a prompt, in their last order."""
    arms = {"dense": fuse(found.dense, ()), "lexical": found.lexical, "fused": found.fused}
    rankings = {arm: [hit.chunk for hit in hits] for arm, hits in arms.items()}
    rankings["fused"][:0] = [candidate.chunk_id for candidate in chosen.candidates]
    return rankings


def _texts(passages: Sequence[UUID], texts: Mapping[UUID, str]) -> list[str]:
    """The texts in the order of their best passages."""
    return list(dict.fromkeys(texts[passage] for passage in passages if passage in texts))


def _figures(ranking: Sequence[str], relevant: Mapping[str, int]) -> dict[str, float]:
    return {
        "ndcg@10": ndcg(ranking, relevant),
        "recall@10": recall(ranking, relevant, 10),
        "recall@100": recall(ranking, relevant, 100),
        "mrr": reciprocal_rank(ranking, relevant),
    }


def _means(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: round(fmean(row[name] for row in rows), 4) for name in rows[0]}
