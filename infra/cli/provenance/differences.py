"""What would be different if a question were answered today. Pure."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Move:
    """A passage of the prompt: its number then and now, None where it was or is not given, and the reason if it is
    known.
    """

    chunk_id: str
    then: int | None
    now: int | None
    reason: str


@dataclass(frozen=True)
class Today:
    """What answering would be made of now."""

    query: str
    passages: Sequence[UUID]
    prompt_sha256: str
    models: Sequence[str]
    embedding_model: str | None


def moves(explained: Row, today: Today) -> list[Move]:
    """Every passage that was or is given, in the order of then, what is new last."""
    then = [str(each["chunk_id"]) for each in explained["provenance"]["passages"]]
    now = [str(chunk) for chunk in today.passages]
    found = [
        Move(chunk, place, _place(chunk, now), "" if chunk in now else _why_gone(chunk, explained["chunks"]))
        for place, chunk in enumerate(then, 1)
    ]
    return [*found, *(Move(chunk, None, place, "new") for place, chunk in enumerate(now, 1) if chunk not in then)]


def changes(explained: Row, today: Today) -> dict[str, tuple[Any, Any]]:
    """What else differs: then and now, by name."""
    kept = explained["provenance"]
    pairs = {
        "query": (kept["query"], today.query),
        "models": (kept["parameters"].get("models"), list(today.models)),
        "embedding_model": (kept["embedding_model"], today.embedding_model),
        "prompt": (kept["prompt_sha256"][:12], today.prompt_sha256[:12]),
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def compared(then: str, now: str) -> str:
    """Two answers as a unified diff, a sentence a line; empty if they are the same."""
    lines = (_sentences(then), _sentences(now))
    return "\n".join(difflib.unified_diff(*lines, "then", "today", lineterm=""))


def _place(chunk: str, places: Sequence[str]) -> int | None:
    return places.index(chunk) + 1 if chunk in places else None


def _why_gone(chunk: str, chunks: Mapping[str, Row]) -> str:
    row = chunks.get(chunk)
    if row is None or not row["active"]:
        return "its document was changed or deleted"
    return "others are found before it" if row["visible"] else "the person may not see it any more"


def _sentences(text: str) -> list[str]:
    return text.replace(". ", ".\n").splitlines()
