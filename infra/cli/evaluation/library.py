"""Puts a corpus into a library of its own, by rows, and waits until the listeners have made it searchable."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4, uuid5

import functions.pipeline
from functions.effects.supabase import Supabase
from infra.cli.errors import CommandError
from infra.cli.evaluation.dataset import Dataset, Text

BATCH_ROWS = 100
PAGE_ROWS = 1000
LOOK_SECONDS = 0.5
STILL_SECONDS = 120.0  # without any progress: no listener works

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Library:
    """A library that holds a corpus, searched by its owner. `texts` tells of each passage which text it is of."""

    id: UUID
    owner: UUID
    texts: Mapping[UUID, str]
    failed: int


async def fill(supabase: Supabase, dataset: Dataset, progress: Progress) -> Library:
    """The corpus in a library; one that an earlier run filled with it, cut by the same code, is used again."""
    name = f"Evaluation of {dataset.name} {_digest(dataset)}"
    [row] = await _select(supabase, "libraries", "id,owner_id", name=name) or [await _make(supabase, name)]
    library, owner = UUID(row["id"]), UUID(row["owner_id"])
    documents = {uuid5(library, text.id): text for text in dataset.corpus if text.text}
    there = {UUID(each["id"]) for each in await _all(supabase, "documents", "id", library)}
    missing = [_row(library, owner, id_, text) for id_, text in documents.items() if id_ not in there]
    for start in range(0, len(missing), BATCH_ROWS):
        await supabase.client.table("documents").insert(missing[start : start + BATCH_ROWS]).execute()
    failed = await _wait(supabase, library, len(documents), progress)
    passages = await _all(supabase, "chunks", "id,document_id", library)
    texts = {UUID(each["id"]): documents[UUID(each["document_id"])].id for each in passages}
    return Library(library, owner, texts, failed)


def _digest(dataset: Dataset) -> str:
    """Tells corpora apart, and versions of the code that cuts them."""
    code = sorted(Path(functions.pipeline.__path__[0]).glob("*.py"))
    return hashlib.sha256(b"".join([dataset.digest.encode(), *(file.read_bytes() for file in code)])).hexdigest()[:12]


async def _make(supabase: Supabase, name: str) -> dict[str, Any]:
    person = {"email": f"evaluation-{uuid4().hex}@example.com", "password": uuid4().hex, "email_confirm": True}
    made = await supabase.client.auth.admin.create_user(cast(Any, person))
    row = {"name": name, "owner_id": made.user.id}
    return cast(dict[str, Any], (await supabase.client.table("libraries").insert(row).execute()).data[0])


def _row(library: UUID, owner: UUID, document: UUID, text: Text) -> dict[str, str]:
    return {
        "id": str(document),
        "library_id": str(library),
        "owner_id": str(owner),
        "title": text.title[:500],
        "content": text.text,
        "mime": "text/plain",
    }


async def _wait(supabase: Supabase, library: UUID, total: int, progress: Progress) -> int:
    """Wait until every document is ready or failed; the number of those that failed."""
    done, seen_at = -1, asyncio.get_running_loop().time()
    while True:
        ready, failed = [await _count(supabase, library, status) for status in ("ready", "failed")]
        now = asyncio.get_running_loop().time()
        if ready + failed != done:
            done, seen_at = ready + failed, now
            progress(done, total)
        if done >= total:
            return failed
        if now - seen_at > STILL_SECONDS:
            raise CommandError(f"{total - done} documents wait and nobody works on them. Are listeners running?")
        await asyncio.sleep(LOOK_SECONDS)


async def _count(supabase: Supabase, library: UUID, status: str) -> int:
    query = supabase.client.table("documents").select("id", count=cast(Any, "exact"), head=True)
    return (await query.eq("library_id", str(library)).eq("status", status).execute()).count or 0


async def _all(supabase: Supabase, table: str, columns: str, library: UUID) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        query = supabase.client.table(table).select(columns).eq("library_id", str(library)).order("id").limit(PAGE_ROWS)
        page = (await (query.gt("id", rows[-1]["id"]) if rows else query).execute()).data
        rows += cast(list[dict[str, Any]], page)
        if len(page) < PAGE_ROWS:
            return rows


async def _select(supabase: Supabase, table: str, columns: str, **equal: str) -> Sequence[dict[str, Any]]:
    query = supabase.client.table(table).select(columns)
    for column, value in equal.items():
        query = query.eq(column, value)
    return cast(list[dict[str, Any]], (await query.limit(1).execute()).data)
