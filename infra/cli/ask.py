"""Asking a question and following its answer: the question is a row, the answer is heard."""

import asyncio
import time
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID, uuid4

from postgrest.exceptions import APIError

from infra.cli.answer_reader import AnswerReader
from infra.cli.errors import CommandError
from infra.cli.patience import PATIENCE_SECONDS, patiently
from infra.cli.person import Person
from infra.cli.rows import ANSWER_COLUMNS, AnswerRow
from infra.cli.subscription import Heard, Look, Subscription

JOIN_SECONDS = 5.0
# Without anything new for this long, the person is told about the delay, in seconds.
DELAY_SECONDS = 4.0
READ_AGAIN_SECONDS = 0.3  # pieces that overtook each other usually sort themselves out in less
DUPLICATE = "23505"
NOT_PICKED_UP = "delayed: nobody has picked this up yet; it is not lost"
START_LOCALLY = "; if no responder runs: rivulet up respond"
SLOW = "delayed: the model is slow, or a worker is being replaced; it is not lost"


class AnswerScreen(Protocol):
    """Where a person sees the answer grow."""

    def show(self, text: str) -> None:
        """Show the answer so far; it may start over."""

    def delayed(self, text: str) -> None:
        """Say that there is nothing new for the moment."""


@dataclass(frozen=True)
class Answered:
    """An answer that has ended, with the times a person waited, in milliseconds; `pieces` were heard on the way."""

    row: AnswerRow
    first_token_ms: int | None
    last_token_ms: int
    pieces: int


class Stopped(Exception):
    """The person stopped the answer, and the row says so."""


async def ask(person: Person, conversation: UUID, question: str, screen: AnswerScreen) -> Answered:
    """Ask in a conversation, show the answer as it comes, return it; Ctrl-C stops the answer, see `Stopped`."""
    question_id = uuid4()
    async with Subscription(person, [f"conversation:{conversation}"]) as news:
        await news.hears(within=JOIN_SECONDS)
        begun = time.monotonic()
        try:
            await patiently(lambda: _put_question(person, conversation, question_id, question), screen.delayed)
            return await _Following(person, question_id, begun, screen).follow(news)
        except asyncio.CancelledError:
            await stop(person, question_id)
            raise Stopped from None


async def stop(person: Person, question_id: UUID) -> None:
    """Stop the answer to a question; an answer that has ended stays as it is."""
    answer = person.client.table("messages").update({"status": "cancelled"}).eq("reply_to", str(question_id))
    await patiently(answer.in_("status", ["pending", "streaming"]).execute, lambda _: None)


async def start_conversation(person: Person, screen: AnswerScreen) -> UUID:
    """Start a conversation about everything that the person may see."""
    conversation = uuid4()
    row = {"id": str(conversation)}
    await patiently(lambda: _insert(person, "conversations", row), screen.delayed)
    return conversation


async def latest_conversation(person: Person) -> UUID | None:
    """The conversation in which something was asked last."""
    conversations = person.client.table("conversations").select("id").order("updated_at", desc=True).limit(1)
    rows = (await conversations.execute()).data
    return UUID(rows[0]["id"]) if rows else None  # type: ignore[index, arg-type, call-overload]


async def find_conversation(person: Person, conversation: UUID) -> UUID:
    """The conversation, if it is the person's own. Raises `CommandError` otherwise."""
    found = await person.client.table("conversations").select("id").eq("id", str(conversation)).execute()
    if not found.data:
        raise CommandError(f"You have no conversation {conversation}. Start one with: rivulet ask --new QUESTION")
    return conversation


async def _put_question(person: Person, conversation: UUID, question_id: UUID, question: str) -> None:
    row = {"id": str(question_id), "conversation_id": str(conversation), "content": question}
    await _insert(person, "messages", row)


async def _insert(person: Person, table: str, row: dict[str, str]) -> None:
    """Insert a row whose id is ours, so that a repetition after a lost reply is recognised."""
    try:
        await person.client.table(table).insert(row).execute()
    except APIError as error:
        if error.code != DUPLICATE:
            raise


class _Following:
    """Brings one answer from the news to the screen."""

    def __init__(self, person: Person, question_id: UUID, begun: float, screen: AnswerScreen) -> None:
        self._person = person
        self._question_id = question_id
        self._reader = AnswerReader(question_id)
        self._begun = begun
        self._screen = screen
        self._first_at: float | None = None
        self._changed_at = begun
        self._read_at = 0.0
        self._pieces = 0

    async def follow(self, news: Subscription) -> Answered:
        """Follow until the answer has ended."""
        async for item in news:
            await self._take(item)
            if (row := self._reader.final) is not None:
                ended = time.monotonic()
                first = None if self._first_at is None else round((self._first_at - self._begun) * 1000)
                return Answered(row, first, round((ended - self._begun) * 1000), self._pieces)
        raise AssertionError("news have no end")

    async def _take(self, item: object) -> None:
        before = self._reader.text
        if isinstance(item, Heard):
            self._pieces += item.event == "delta"
            self._reader.hear(item.event, item.payload)
        if isinstance(item, Look) or (self._reader.behind and time.monotonic() - self._read_at > READ_AGAIN_SECONDS):
            await self._read()
        now = time.monotonic()
        if self._reader.text != before:
            self._changed_at = now
            self._first_at = self._first_at or now
            self._screen.show(self._reader.text)
        elif self._reader.final is None:
            self._bear(now - self._changed_at)

    def _bear(self, seconds: float) -> None:
        """Say that nothing new has come for so long; in the end, wait no longer."""
        if seconds > PATIENCE_SECONDS:
            raise CommandError(
                f"Nothing new for {PATIENCE_SECONDS / 60:.0f} minutes. The question is not lost: its answer will be in "
                "the conversation, and `rivulet watch` shows when."
            )
        if seconds > DELAY_SECONDS:
            waiting = NOT_PICKED_UP + (START_LOCALLY if self._person.project.local else "")
            self._screen.delayed(waiting if self._reader.status == "pending" else SLOW)

    async def _read(self) -> None:
        self._read_at = time.monotonic()
        for row in await patiently(self._rows, self._screen.delayed):
            self._reader.read(row)

    async def _rows(self) -> list[AnswerRow]:
        messages = self._person.client.table("messages").select(ANSWER_COLUMNS).eq("reply_to", str(self._question_id))
        return [AnswerRow.model_validate(row) for row in (await messages.execute()).data]
