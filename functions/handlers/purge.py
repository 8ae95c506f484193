"""purge: what was deleted or replaced leaves the vector index and Storage, with a receipt."""

from dataclasses import dataclass

from schema.errors import RateLimitedError, TransientError
from schema.jobs import Claim
from schema.places import PurgeTask
from schema.ports import FileStore, PurgeStore, VectorPurge

PATIENCE_SECONDS = 0.5  # between looks whether a writer from before has ended


@dataclass(frozen=True)
class PurgeHandler:
    """Removes the vectors of a document or library wherever they may be, until a look finds none; then the files."""

    store: PurgeStore
    files: FileStore
    index: VectorPurge

    async def __call__(self, claim: Claim) -> None:
        """Do one purge job."""
        task = await self._task(claim)
        vectors = [await self._remove(task, number) for number in range(len(task.places))]
        files = await self._remove_files(claim, task)
        receipt = {"vectors_removed": sum(vectors), "vectors_left": 0, "files_removed": files}
        await self.store.complete_purge(claim, receipt)

    async def _task(self, claim: Claim) -> PurgeTask:
        task = await self.store.start_purge(claim)
        if task is None:
            # It could write after the look that finds nothing. No attempt is spent by waiting.
            raise RateLimitedError("writers_at_work", "Vectors of this are being written.", PATIENCE_SECONDS)
        return task

    async def _remove(self, task: PurgeTask, number: int) -> int:
        place = task.places[number]
        if task.document_id is None:
            return await self.index.remove_library(place, task.library_id)
        return await self.index.remove_document(place, task.document_id, task.upto or 0)

    async def _remove_files(self, claim: Claim, task: PurgeTask) -> int:
        removed = 0
        while task.files:
            await self.files.remove(task.bucket, task.files)
            removed += len(task.files)
            before, task = set(task.files), await self._task(claim)
            if before & set(task.files):
                raise TransientError("files_remain", "Storage did not remove all files.")
        return removed
