"""An answer while it is being written: its text so far, and the people who watch it grow."""

import asyncio
import time
from uuid import UUID

import structlog

from functions.pipeline.sieve import Sieve
from functions.telemetry.tracing import note
from schema.answers import Delta, FinishReason, Usage
from schema.errors import TransientError
from schema.jobs import Claim
from schema.ports import Announcer, AnswerStore

PACE_SECONDS = 0.04  # at most 25 messages a second for each answer, whatever the model's pace
SAVE_SECONDS = 1.0

log = structlog.get_logger()


class Draft:
    """Collects the model's deltas, lets through what an answer may hold, and sends that on.

    Each message carries `offset`, the number of characters (code points) before it, and `fence`, the attempt it
    belongs to. A reader appends what fits its text, drops lower fences, starts over at a higher one, and reads the
    row when it finds a gap. What was sent is never taken back: the final text begins with it.
    """

    def __init__(
        self, claim: Claim, conversation: UUID, store: AnswerStore, announcer: Announcer, sieve: Sieve
    ) -> None:
        self.text = ""
        self.model = ""
        self.usage: Usage | None = None
        self.finish_reason: FinishReason | None = None
        self.first_token_at: float | None = None  # monotonic clock
        self.begun = asyncio.Event()  # there are words
        self.sieve = sieve
        self._claim = claim
        self._conversation = conversation
        self._store = store
        self._announcer = announcer
        self._sent = 0
        self._grown = asyncio.Event()
        self._sending = asyncio.Lock()

    def add(self, delta: Delta) -> None:
        """Take in the next piece."""
        self.model = delta.model or self.model
        self.usage = delta.usage or self.usage
        self.finish_reason = delta.finish_reason or self.finish_reason
        if delta.text:
            if self.first_token_at is None:
                self.first_token_at = time.monotonic()
                note("first token")
            self.begun.set()
            self._grow(self.sieve.feed(delta.text))

    async def end(self, reason: FinishReason | None = None) -> None:
        """Nothing more comes, for `reason` if it was not the model's: send the rest."""
        self.finish_reason = reason or self.finish_reason
        self._grow(self.sieve.end())
        await self.send()
        note("last delta", characters=len(self.text))

    async def publish(self) -> None:
        """Send what is new at a steady pace, until cancelled."""
        while True:
            await self._grown.wait()
            self._grown.clear()
            await self.send()
            await asyncio.sleep(PACE_SECONDS)

    async def keep(self) -> None:
        """Save again and again, until cancelled; raises `StaleClaimError` when the claim is over, and `StoppedError`.

        Also when nothing is new: with no bell to be heard, this is how a stop is noticed within a second.
        """
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            try:
                await self.save()
            except TransientError as error:
                log.warning("draft_not_saved", error=error.message)  # the next save, or the final text, brings it

    async def send(self) -> None:
        """Send the text that has not been sent; a piece on its way is never cut off, and the next waits for it."""
        await asyncio.shield(self._send_rest())

    async def save(self) -> None:
        """Store the text in the row, for readers who come late."""
        await self._store.save_draft(self._claim, self.text)

    def _grow(self, text: str) -> None:
        if text:
            self.text += text
            self._grown.set()

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
