"""What workers do with a claim: the real stores, no model, every call of a store noted before and after it.

What a job does follows from its subject, so that a fault in one run is a fault in the next: most take no time, some
fail at first, some are told to wait, some outlast the lease.
"""

import asyncio
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid5

from functions.effects.answers_supabase import SupabaseAnswers
from functions.effects.documents_supabase import SupabaseDocuments
from functions.effects.purges_supabase import SupabasePurges
from schema.answers import Answer, Provenance, Verdict
from schema.documents import Chunk, Document
from schema.errors import PermanentError, RateLimitedError, StaleClaimError, SupersededError, TransientError
from schema.jobs import Claim, Queue

CHUNKS = 2
POISON = "poison"  # a document of this text kills whoever reads it
NAMESPACE = UUID("1a1b1c1d-0000-4000-8000-000000000000")


class Notes:
    """An append-only file; what has been written survives the process."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / f"{os.getpid()}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, claim: Claim, what: str) -> None:
        """Note what happened to a claim."""
        note = {"what": what, "job": claim.id, "fence": claim.fence, "at": time.monotonic()}
        os.write(self._file, (json.dumps(note) + "\n").encode())


@dataclass(frozen=True)
class Work:
    """The handler of every queue."""

    documents: SupabaseDocuments
    purges: SupabasePurges
    answers: SupabaseAnswers
    notes: Notes
    lease_seconds: float
    told_to_wait: set[int] = field(default_factory=set)

    async def __call__(self, claim: Claim) -> None:
        """Do one job, and note how its completion was answered."""
        self.notes.write(claim, "begun")
        try:
            await self._do(claim)
        except StaleClaimError:
            self.notes.write(claim, "stale")
            raise
        except SupersededError:
            self.notes.write(claim, "superseded")
            raise
        self.notes.write(claim, "accepted")

    async def _do(self, claim: Claim) -> None:
        match claim.queue:
            case Queue.PARSE:
                await self._parse(claim)
            case Queue.EMBED:
                await self.documents.start_embed(claim, "model")
                await self._take_time(claim)
                await self.documents.complete_embed(claim, 0)
            case Queue.RESPOND:
                await self._respond(claim)
            case _:
                await self.purges.complete_purge(claim, {})

    async def _parse(self, claim: Claim) -> None:
        document = await self.documents.start_parse(claim)
        if document.content == POISON:
            os.kill(os.getpid(), 9)
        chunks = [_chunk(document, ordinal) for ordinal in range(CHUNKS)]
        await self.documents.append_chunks(claim, chunks[:1], 0)
        await self._take_time(claim)
        await self.documents.append_chunks(claim, chunks[1:], 1)
        await self.documents.complete_parse(claim, 1, "text/plain", None)

    async def _respond(self, claim: Claim) -> None:
        await self.answers.start_respond(claim)
        await self.answers.save_draft(claim, text(claim.fence, "draft"))
        await self._take_time(claim)
        await self.answers.complete_respond(claim, _answer(claim.fence))

    async def _take_time(self, claim: Claim) -> None:
        kind = claim.subject_id.int % 100
        if kind == 0:
            raise PermanentError("refused", "This cannot be done.")
        if kind <= 3 and claim.attempt == 1:
            raise TransientError("flickers", "Something outside failed.")
        if kind <= 5 and claim.id not in self.told_to_wait:  # which spends no attempt
            self.told_to_wait.add(claim.id)
            raise RateLimitedError("busy", "Too many requests.", 0.2)
        longest = 1.5 * self.lease_seconds if kind == 6 else 0.2 * self.lease_seconds if kind < 20 else 0.01
        await asyncio.sleep(longest)


def text(fence: int, kind: str) -> str:
    """What the holder of a fence writes."""
    return f"{kind} under fence {fence}"


def _answer(fence: int) -> Answer:
    provenance = Provenance(
        query="?",
        rewritten_by=None,
        candidates=[],
        passages=[],
        prompt_sha256="",
        prompt_tokens=0,
        parameters={},
        embedding_model=None,
    )
    verdict = Verdict(
        passages=0,
        finish_reason="stop",
        refused=False,
        supported=False,
        doubts=[],
        forged_markers=0,
        removed_links=0,
    )
    return Answer(
        content=text(fence, "answer"), model="m", usage=None, timings={}, citations=[], metadata=verdict,
        provenance=provenance,
    )  # fmt: skip


def _chunk(document: Document, ordinal: int) -> Chunk:
    return Chunk(
        id=uuid5(NAMESPACE, f"{document.id}:{document.version}:{ordinal}"),
        ordinal=ordinal,
        text=f"Passage {ordinal}.",
        tokens=2,
        page=1,
        char_start=0,
        char_end=10,
        heading_path=[],
        content_hash="hash",
        anchor=ordinal,
        language="pg_catalog.english",
    )
