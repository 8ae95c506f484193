"""Writes of vectors under a claim that may be over by the time they land."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from schema.documents import StoredChunk
from schema.errors import StaleClaimError
from schema.places import Place
from schema.ports import LateWrites


@asynccontextmanager
async def reported(late: LateWrites, chunks: Sequence[StoredChunk], places: Sequence[Place]) -> AsyncIterator[None]:
    """Report the block's writes if its claim turns out to be over.

    A purge waits for writers that hold their claim; it cannot know of one that has lost it and still writes.
    """
    try:
        yield
    except (StaleClaimError, asyncio.CancelledError):
        if chunks:
            await late.report(chunks, places)
        raise
