"""backfill: the rows of a watched table → documents, one batch or one row a job."""

from dataclasses import dataclass

from schema.errors import TransientError
from schema.jobs import Claim
from schema.ports import WatchStore


@dataclass(frozen=True)
class BackfillHandler:
    """Has the database read its own rows; a batch makes the job for the next."""

    store: WatchStore

    async def __call__(self, claim: Claim) -> None:
        """Do one backfill job."""
        if not await self.store.backfill(claim):
            raise TransientError("row_is_being_written", "A row of the watched table is being written at this moment.")
