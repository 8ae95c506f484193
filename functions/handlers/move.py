"""move: a library's vectors come to another place, built beside the old one from the passages."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from functions.handlers.upkeep.compare import Comparison, Findings
from functions.handlers.upkeep.late import reported
from functions.pipeline.chunk import embedding_text
from functions.pipeline.sampling import agreement, probe, share_found
from schema.errors import PermanentError, TransientError
from schema.jobs import Claim
from schema.moves import Build, Check, Checked, Mend, MovedPassage
from schema.places import Place
from schema.ports import AuditStore, Embedder, LateWrites, MoveStore, Vector, VectorUpkeep

PAGE = 256
FIRST = 10  # results that are compared
TOLERANCE = 0.05  # by which the new model may find fewer of the sampled passages; two of forty


@dataclass(frozen=True)
class MoveHandler:
    """Builds a range of passages, checks a place, or mends passages that an audit found without their vector."""

    store: MoveStore
    audit: AuditStore
    embedders: Callable[[str], Embedder]
    index: VectorUpkeep
    late: LateWrites

    async def __call__(self, claim: Claim) -> None:
        """Do one move job."""
        match await self.store.start_move(claim):
            case Build() as build:
                await self._build(claim, build)
            case Check() as check:
                await self._check(claim, check)
            case Mend() as mend:
                await self._mend(claim, mend)

    async def _build(self, claim: Claim, build: Build) -> None:
        last = build.chunks[-1].id if build.chunks else None
        async with reported(self.late, build.chunks, [build.new]):
            embedded = await self._write(claim.tenant_id, build.old, build.new, build.chunks)
            await self.store.complete_build(claim, last, len(build.chunks), embedded)

    async def _mend(self, claim: Claim, mend: Mend) -> None:
        async with reported(self.late, mend.chunks, mend.places):
            for place in mend.places if mend.chunks else ():
                await self.index.upsert(place, mend.chunks, await self._embed(claim.tenant_id, place, mend.chunks))
            await self.store.complete_mend(claim, len(mend.chunks))

    async def _write(self, tenant: UUID, old: Place, new: Place, chunks: Sequence[MovedPassage]) -> int:
        """Write passages that the new place lacks; how many had to be embedded, because there was nothing to copy."""
        missing = set(await self.index.missing(new, [chunk.id for chunk in chunks])) if chunks else ()
        chunks = [chunk for chunk in chunks if chunk.id in missing]
        known: Mapping[UUID, Vector] = {}
        if old.model == new.model and chunks:
            known = await self.index.fetch(old, [chunk.id for chunk in chunks])
        copied = [chunk for chunk in chunks if chunk.id in known]
        others = [chunk for chunk in chunks if chunk.id not in known]
        if copied:
            await self.index.upsert(new, copied, [known[chunk.id] for chunk in copied])
        if others:
            await self.index.upsert(new, others, await self._embed(tenant, new, others))
        return len(others)

    async def _embed(self, tenant: UUID, place: Place, chunks: Sequence[MovedPassage]) -> Sequence[Vector]:
        texts = [embedding_text(chunk.title, chunk.heading_path, chunk.text) for chunk in chunks]
        return await self.embedders(place.model).embed(texts, "document", tenant)

    async def _check(self, claim: Claim, check: Check) -> None:
        checked = await self._whole(check)
        refusal = None
        if check.old.model != check.new.model and check.samples:
            checked = checked.model_copy(update=await self._recall(check))
            refusal = _refusal(checked)
        await self.store.complete_check(claim, checked, refusal)

    async def _whole(self, check: Check) -> Checked:
        """Compare the new place with the passages, both ways. What is missing is written by other jobs, and this one
        comes again."""
        comparison, findings = Comparison(self.audit, self.index), Findings()
        await comparison.look_at_vectors(check.new, findings, check.library_id)
        await comparison.look_for_passages(findings, check.library_id, check.new)
        for name, ids in findings.unwanted.items():
            await self.index.remove(name, ids)
        for start in range(0, len(findings.unwritten), PAGE):
            await self.audit.mend(findings.unwritten[start : start + PAGE])
        if findings.drift:
            raise TransientError("not_whole", f"The new place differed from the passages: {dict(findings.faults)}.")
        return Checked(passages=findings.passages, vectors=findings.vectors)

    async def _recall(self, check: Check) -> dict[str, float | int | None]:
        """Look for sampled passages, by a sentence of each, in both places."""
        wanted = [sample.chunk_id for sample in check.samples]
        new = await self._search(check, check.new)
        old = None
        with suppress(PermanentError):  # the old model may be gone, which is why people change it
            old = await self._search(check, check.old)
        return {
            "samples": len(wanted),
            "found_new": share_found(wanted, new),
            "found_old": None if old is None else share_found(wanted, old),
            "agreement": None if old is None else agreement(new, old),
        }

    async def _search(self, check: Check, place: Place) -> Sequence[Sequence[UUID]]:
        probes = [probe(sample.text) for sample in check.samples]
        vectors = await self.embedders(place.model).embed(probes, "query")
        return await self.index.nearest(place, check.library_id, vectors, FIRST)


def _refusal(checked: Checked) -> str | None:
    if checked.found_new is None or checked.found_old is None or checked.found_new >= checked.found_old - TOLERANCE:
        return None
    return (
        f"With the new model {checked.found_new:.0%} of {checked.samples} sampled passages are among the first {FIRST} "
        f"for a sentence of theirs, with the old one {checked.found_old:.0%}."
    )
