"""Compares the vector index with the passages in Postgres, both ways, page by page."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from schema.moves import PlacedPassage
from schema.places import Label, Place, vector_id
from schema.ports import AuditStore, VectorUpkeep

MOST_KEPT = 10_000  # of each kind that are remembered for mending; all are counted


@dataclass
class Findings:
    """What was looked at and what was wrong with it.

    `faults` counts ghost, misplaced, mislabelled, pending, missing, stray and empty; `unwanted` holds vectors to remove
    by collection, `unwritten` passages whose vectors have to be written, `strays` collections that are nobody's place:
    a stray one has vectors, an empty one only costs memory.
    """

    vectors: int = 0
    passages: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    unwanted: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unwritten: list[UUID] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)

    @property
    def drift(self) -> int:
        """How much is wrong that nobody is about to put right."""
        return sum(count for kind, count in self.faults.items() if kind not in ("pending", "empty"))

    def unwanted_vector(self, kind: str, collection: str, name: str) -> None:
        """Note a vector that should not be there."""
        self.faults[kind] += 1
        if kind != "pending" and len(self.unwanted[collection]) < MOST_KEPT:
            self.unwanted[collection].append(name)

    def unwritten_passages(self, kind: str, chunks: Iterable[UUID]) -> None:
        """Note passages without their vector."""
        for chunk in chunks:
            self.faults[kind] += 1
            if len(self.unwritten) < MOST_KEPT:
                self.unwritten.append(chunk)


@dataclass(frozen=True)
class Comparison:
    """The two sides."""

    store: AuditStore
    index: VectorUpkeep

    async def look_at_vectors(self, place: Place, findings: Findings, library: UUID | None = None) -> None:
        """Which vectors of a place, or of one library there, should not be as they are?"""
        offset, full = 0, True
        while full:
            page = await self.index.page(place.physical, offset, library)
            offset, full = offset + len(page.labels), page.full
            findings.vectors += len(page.labels)
            if page.labels:
                await self._judge(place, page.labels, findings)

    async def look_for_passages(self, findings: Findings, library: UUID | None = None, at: Place | None = None) -> None:
        """Which searched passages, of one library if given, lack their vector in their place, or in that given?"""
        after, more = None, True
        while more:
            page = await self.store.passages(library, after)
            after, more = page.last, page.last is not None
            findings.passages += len(page.chunks)
            if suspects := await self._missing(page.chunks, at):
                # They may have been deleted, replaced or moved since the page was read.
                still = await self.store.among(suspects)
                findings.unwritten_passages("missing", await self._missing(still, at))

    async def look_for_strays(self, mark: str, findings: Findings) -> None:
        """Which collections of the project are nobody's place?"""
        findings.strays = await self.nobodys(await self.index.collections(f"{mark}-"))
        for name in findings.strays:
            findings.faults["stray" if (await self.index.page(name, 0)).labels else "empty"] += 1

    async def nobodys(self, collections: Sequence[str]) -> list[str]:
        """Those of the collections that are nobody's place now. Whose it is, Postgres knew before it was made."""
        known = {place.physical for place in (await self.store.places()).places}
        return [name for name in collections if name not in known]

    async def _judge(self, place: Place, labels: Sequence[Label], findings: Findings) -> None:
        proper = [label for label in labels if label.chunk_id and label.id == vector_id(label.chunk_id)]
        for fault in await self.store.faults(place, proper) if proper else ():
            if fault.fault == "mislabelled":
                findings.unwritten_passages("mislabelled", [fault.chunk_id])
            elif await self._is_there(place, vector_id(fault.chunk_id)):  # and was not purged since the page was read
                findings.unwanted_vector(fault.fault, place.physical, vector_id(fault.chunk_id))
        for label in set(labels) - set(proper):
            findings.unwanted_vector("ghost", place.physical, label.id)

    async def _is_there(self, place: Place, name: str) -> bool:
        return await self.index.holds(place.physical, name)

    async def _missing(self, passages: Sequence[PlacedPassage], at: Place | None) -> list[UUID]:
        by_place: dict[Place, list[UUID]] = defaultdict(list)
        for passage in passages:
            by_place[at or Place(collection=passage.collection, model=passage.model)].append(passage.chunk_id)
        return [chunk for place, chunks in by_place.items() for chunk in await self.index.missing(place, chunks)]
