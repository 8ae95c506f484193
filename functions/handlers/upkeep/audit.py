"""Finds what Postgres and the vector index disagree about, has it mended, and looks again."""

import asyncio
import time
from dataclasses import dataclass

from functions.handlers.upkeep.compare import Comparison, Findings

PAGE = 1000
LOOK_SECONDS = 0.2  # between looks whether what was asked for has been done


@dataclass(frozen=True)
class Audit:
    """Postgres is right; the index is made to agree."""

    comparison: Comparison
    patience_seconds: float = 120.0  # for the listeners of the queue `move` to write what is missing

    async def look(self) -> Findings:
        """Compare everything."""
        findings = Findings()
        ours = await self.comparison.store.places()
        for place in ours.places:
            await self.comparison.look_at_vectors(place, findings)
        await self.comparison.look_for_strays(ours.mark, findings)
        await self.comparison.look_for_passages(findings)
        return findings

    async def repair(self, findings: Findings) -> bool:
        """Mend what was found; False if the writing of vectors is not done within the patience."""
        for collection, names in findings.unwanted.items():
            for start in range(0, len(names), PAGE):
                await self.comparison.index.remove(collection, names[start : start + PAGE])
        for collection in findings.strays:
            if await self.comparison.nobodys([collection]):  # somebody may have come to use it meanwhile
                await self.comparison.index.drop(collection)
        chunks = findings.unwritten
        jobs = [
            job
            for start in range(0, len(chunks), PAGE)
            for job in await self.comparison.store.mend(chunks[start : start + PAGE])
        ]
        return await self._done(jobs)

    async def _done(self, jobs: list[int]) -> bool:
        deadline = time.monotonic() + self.patience_seconds
        while await self.comparison.store.jobs_left(jobs):
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(LOOK_SECONDS)
        return True
