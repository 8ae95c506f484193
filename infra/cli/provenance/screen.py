"""Where an answer came from, as tables."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from infra.cli.console import plain
from infra.cli.provenance.differences import Move

Row = Mapping[str, Any]
MOST_CANDIDATES = 20


def explanation(found: Row) -> Group:
    """Everything that is kept about one answer."""
    kept = found["provenance"]
    parts: list[RenderableType] = [_summary(found, kept or {})]
    if kept:
        parts.append(_candidates(kept["candidates"][:MOST_CANDIDATES], found["chunks"]))
    if found["citations"]:
        parts.append(_citations(found["citations"]))
    return Group(*parts)


def replay(moved: Sequence[Move], changed: Mapping[str, tuple[Any, Any]], chunks: Mapping[str, Row]) -> Group:
    """What would be different today."""
    table = Table("then", "now", "passage", "why")
    for move in moved:
        table.add_row(_number(move.then), _number(move.now), _title(move.chunk_id, chunks), move.reason)
    others = Table("what", "then", "now")
    for name, (then, now) in changed.items():
        others.add_row(name.replace("_", " "), _shown(then), _shown(now))
    return Group(table, others if changed else "Nothing else differs: the same query, models and prompt.")


def _summary(found: Row, kept: Row) -> Table:
    table = Table(show_header=False, box=None)
    searched = kept.get("query") if kept.get("rewritten_by") else None
    for name, value in (
        ("question", found["question"]),
        ("searched for", searched and f"{searched}  (made by {kept['rewritten_by']})"),
        ("answer", found["content"]),
        ("status", " ".join(filter(None, [found["status"], found["error_message"]]))),
        ("model", found["model"]),
        ("parameters", kept.get("parameters")),
        ("prompt", kept and f"{kept['prompt_sha256'][:12]}, about {kept['prompt_tokens']} tokens"),
        ("embeddings", kept.get("embedding_model")),
        ("search", "; ".join(kept.get("notes", []))),
        ("usage", found["usage"]),
        ("milliseconds", found["timings"]),
        ("verdict", found["metadata"]),
        ("runs", [f"{run['outcome']} (attempt {run['attempt']}, {run['worker']})" for run in found["runs"]]),
        ("trace", found["trace_id"]),
    ):
        if value:
            table.add_row(name, _shown(value))
    return table


def _candidates(candidates: Sequence[Row], chunks: Mapping[str, Row]) -> Table:
    table = Table("given as", "passage", "meaning: rank, score", "words: rank, score", "fused", "left out")
    for each in candidates:
        arms = [f"{each[f'{arm}_rank']}, {each[f'{arm}_score']:.3f}" if each[f"{arm}_rank"] else "" for arm in ARMS]
        fused = f"{each['fused_score']:.4f}"
        table.add_row(_number(each["place"]), _title(each["chunk_id"], chunks), *arms, fused, each["dropped"] or "")
    return table


ARMS = ("dense", "lexical")


def _citations(citations: Sequence[Row]) -> Table:
    table = Table("cited", "source", "quote", "characters", "status")
    for each in citations:
        page = f", page {each['page']}" if each["page"] else ""
        span = f"{each['document_start']}–{each['document_end']}"
        table.add_row(f"[{each['marker']}]", plain(each["title"]) + page, plain(each["quote"]), span, each["status"])
    return table


def _title(chunk: str, chunks: Mapping[str, Row]) -> str:
    row = chunks.get(chunk)
    if row is None:
        return chunk[:8]
    page = f", page {row['page']}" if row["page"] else ""
    return plain(f"{row['title']}{page}: {row['text'][:60]}…").replace("\n", " ")


def _number(place: int | None) -> str:
    return "" if place is None else f"[{place}]"


def _shown(value: Any) -> str:
    return plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
