"""An answer while it is being written: its text so far, and the people who watch it grow."""

import asyncio
import time
from uuid import UUID

import structlog

from schema.answers import Delta, Usage
from schema.errors import TransientError
from schema.jobs import Claim
from schema.ports import Announcer, AnswerStore

PACE_SECONDS = 0.04  # at most 25 messages a second for each answer, whatever the model's pace
SAVE_SECONDS = 1.0

log = structlog.get_logger()


class Draft:
    """Collects the model's deltas and sends them on.

    Each message carries `offset`, the number of characters before it, and `fence`, the attempt it belongs to. A reader
    appends what fits its text, drops lower fences, starts over at a higher one, and reads the row when it finds a gap.
    """

    def __init__(self, claim: Claim, conversation: UUID, store: AnswerStore, announcer: Announcer) -> None:
        self.text = ""
        self.model = ""
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self.first_token_at: float | None = None  # monotonic clock
        self._claim = claim
        self._conversation = conversation
        self._store = store
        self._announcer = announcer
        self._sent = 0
        self._saved = 0
        self._grown = asyncio.Event()
        self._sending = asyncio.Lock()

    def add(self, delta: Delta) -> None:
        """Take in the next piece."""
        self.model = delta.model
        self.usage = delta.usage or self.usage
        self.finish_reason = delta.finish_reason or self.finish_reason
        if delta.text:
            self.first_token_at = self.first_token_at or time.monotonic()
            self.text += delta.text
            self._grown.set()

    async def publish(self) -> None:
        """Send what is new at a steady pace, until cancelled; raises `StaleClaimError` when the claim is over."""
        save_at = time.monotonic() + SAVE_SECONDS
        while True:
            await self._grown.wait()
            self._grown.clear()
            await self.send()
            if time.monotonic() >= save_at:
                await self.save()
                save_at = time.monotonic() + SAVE_SECONDS
            await asyncio.sleep(PACE_SECONDS)

    async def send(self) -> None:
        """Send the text that has not been sent; a piece on its way is never cut off, and the next waits for it."""
        await asyncio.shield(self._send_rest())

    async def _send_rest(self) -> None:
        async with self._sending:
            offset, piece = self._sent, self.text[self._sent :]
            if not piece:
                return
            self._sent = len(self.text)
            await self._announcer.broadcast(
                f"conversation:{self._conversation}",
                "delta",
                {
                    "message_id": str(self._claim.subject_id),
                    "fence": self._claim.fence,
                    "offset": offset,
                    "text": piece,
                },
            )

    async def save(self) -> None:
        """Store the text in the row, for readers who come late."""
        if self._saved == len(self.text):
            return
        try:
            await self._store.save_draft(self._claim, self.text)
            self._saved = len(self.text)
        except TransientError as error:
            log.warning("draft_not_saved", error=error.message)  # the next save, or the final text, brings it
