"""The file of a document that is fetched from the web."""

from dataclasses import dataclass
from pathlib import Path

from schema.documents import Document
from schema.errors import PermanentError
from schema.jobs import Claim
from schema.ports import FetchStore, WebFetcher


@dataclass(frozen=True)
class PageLoader:
    """Implements `PageLoader`."""

    store: FetchStore
    web: WebFetcher

    async def load(self, claim: Claim, document: Document, into: Path, most_bytes: int) -> str | None:
        """Write the page into a file and return its type; the job ends if it is what is searched already."""
        if document.url is None:
            raise PermanentError("no_source", "The document has no address to be fetched from.")
        fetched = await self.web.fetch(document.url, into, most_bytes, document.fetched)
        return await self.store.record_fetch(claim, fetched)
