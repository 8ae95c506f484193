"""purge: what was deleted or replaced leaves the vector index and Storage, with a receipt."""

from dataclasses import dataclass
from uuid import UUID

from schema.errors import TransientError
from schema.jobs import Claim
from schema.ports import FileStore, PurgeStore, VectorIndex


@dataclass(frozen=True)
class PurgeHandler:
    """Removes the vectors of a document, or of its older versions, and looks whether they are gone."""

    store: PurgeStore
    files: FileStore
    index: VectorIndex
    model: str

    async def __call__(self, claim: Claim) -> None:
        """Do one purge job."""
        remove_file = await self.store.start_purge(claim)
        payload = claim.payload
        document = UUID(payload["document_id"])
        left = await self.index.delete(payload["collection"], document, payload.get("before_version"), self.model)
        if left:
            raise TransientError("purge_incomplete", f"{left} vectors of document {document} are still there.")
        if remove_file:
            await self.files.remove(payload["bucket"], payload["object_name"])
        await self.store.complete_purge(claim, {"vectors_left": left, "file_removed": remove_file})
