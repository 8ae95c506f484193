"""Jobs of watched tables, without services."""

import uuid
from typing import Any, cast

import pytest

from functions.handlers.backfill import BackfillHandler
from functions.handlers.parse import ParseHandler
from schema.documents import Document
from schema.errors import PermanentError, TransientError
from schema.jobs import Claim, Queue

CLAIM = Claim(
    id=1, queue=Queue.BACKFILL, fence=1, attempt=1, tenant_id=uuid.uuid4(), subject_id=uuid.uuid4(), payload={},
    trace_id="trace", waited_ms=0, deadline_seconds=10,
)  # fmt: skip


class Store:
    def __init__(self, done: bool) -> None:
        self.done = done

    async def backfill(self, claim: Claim) -> bool:
        assert claim is CLAIM
        return self.done


@pytest.mark.anyio
async def test_a_row_that_is_being_written_is_tried_again() -> None:
    await BackfillHandler(Store(done=True))(CLAIM)
    with pytest.raises(TransientError, match="being written"):
        await BackfillHandler(Store(done=False))(CLAIM)


class RowWithoutText:
    async def start_parse(self, claim: Claim) -> Document:
        return Document(
            id=claim.subject_id, library_id=uuid.uuid4(), source="row", bucket=None, object_name=None, title="Weir",
            content=None, mime="text/markdown", bytes=11_000_000, version=1,
        )  # fmt: skip


@pytest.mark.anyio
async def test_a_retry_of_a_row_with_too_much_text_gives_the_reason_again() -> None:
    handler = ParseHandler(cast(Any, RowWithoutText()), cast(Any, None), cast(Any, None), cast(Any, None))
    with pytest.raises(PermanentError, match="10 MB") as refused:
        await handler(CLAIM)
    assert refused.value.code == "too_large"
