"""Follows an answer to its end, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import asdict

from functions.serve.answer_text import AnswerText
from schema.errors import InvalidTokenError, JobError, NotAllowedError
from schema.jobs import Json
from schema.serving import AnswerRow, News, Person, PersonalRows

FOLLOW_SECONDS = 900.0  # the platform's own limit is often lower
BEAT_SECONDS = 10.0  # between two signs of life
LOOK_SECONDS = 3.0  # between two looks at the row, while broadcasts arrive
DEAF_LOOK_SECONDS = 0.5  # and while they do not
READ_AGAIN_SECONDS = 0.2  # pieces that overtook each other usually sort themselves out in less

TOO_LONG = "The answer takes long. It goes on, and will be in the conversation."
EXPIRED = "Your session ended meanwhile. The answer goes on, and will be in the conversation."


async def events(person: Person, answer: AnswerRow, news: News, rows: PersonalRows) -> AsyncIterator[str]:
    """The events of an answer; the last one is `answer` or `error`."""
    ids = {"conversation_id": answer.conversation_id, "question_id": answer.reply_to, "answer_id": answer.id}
    yield event("asked", {name: str(value) for name, value in ids.items()})
    following = _Following(person, answer, news, rows)
    told_at = time.monotonic()
    while True:
        try:
            new = await following.next()
        except (InvalidTokenError, NotAllowedError) as error:
            yield event("error", {"code": "not_allowed", "message": str(error)})
            return
        if new:
            yield "".join(new)
            told_at = time.monotonic()
        elif time.monotonic() - told_at > BEAT_SECONDS:
            yield ": waiting\n\n"
            told_at = time.monotonic()
        if following.ended:
            return


class _Following:
    """An answer between its question and its end."""

    def __init__(self, person: Person, answer: AnswerRow, news: News, rows: PersonalRows) -> None:
        self.ended = False
        self._person = person
        self._answer = answer
        self._news = news
        self._rows = rows
        self._text = AnswerText(answer.id)
        self._began = time.monotonic()
        self._read_at = self._began  # it was just inserted

    async def next(self) -> list[str]:
        """Wait a while for something new; the events that tell it."""
        if heard := await self._news.next(self._patience()):
            self._text.hear(heard.event, heard.payload)
        ended = await self._look() if self._is_time_to_look() else None
        piece = self._text.tell()
        told = [event("delta", asdict(piece))] if piece else []
        if ended := ended or self._given_up():
            self.ended = True
            told.append(ended)
        return told

    def _patience(self) -> float:
        if self._text.must_read:
            return READ_AGAIN_SECONDS
        return LOOK_SECONDS if self._news.hears else DEAF_LOOK_SECONDS

    def _is_time_to_look(self) -> bool:
        return self._text.ended or time.monotonic() - self._read_at >= self._patience()

    async def _look(self) -> str | None:
        """Read the row; the event that ends the stream, if the answer has ended."""
        self._read_at = time.monotonic()
        try:
            row = await self._rows.answer(self._person, self._answer.id)
        except JobError:
            return None  # an outage: the next look may be luckier
        if row is None:
            return event("error", {"code": "deleted", "message": "The conversation was deleted."})
        self._text.read(row)
        return _final(row) if row.ended else None

    def _given_up(self) -> str | None:
        if time.time() >= self._person.expires_at:
            return event("error", {"code": "session_ended", "message": EXPIRED})
        if time.monotonic() - self._began > FOLLOW_SECONDS:
            return event("error", {"code": "takes_long", "message": TOO_LONG})
        return None


def _final(row: AnswerRow) -> str:
    if row.status == "failed":
        return event("error", {"code": row.error_code, "message": row.error_message})
    return event("answer", row.model_dump(mode="json", exclude={"error_code", "error_message"}))


def event(name: str, data: Json) -> str:
    """One event of a stream; JSON has no line breaks of its own, so its data are one line."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
