"""`ask`: puts a question as the person who calls, and streams the answer as server-sent events.

POST {question, conversation_id?, library_id?} with a person's access token → `text/event-stream`:

- `asked` {conversation_id, question_id, answer_id}: the question is a row now, and will be answered whoever listens;
- `delta` {offset, text, fence}: append the text, which begins after `offset` characters; at a higher fence start over;
- `answer` {…the final row, citations}: what counts in the end, also for an answer that a person stopped;
- `error` {code, message}: the answer failed, or cannot be followed here any longer.

Without `conversation_id` a conversation is started, about `library_id` or all that the person may see. A caller that
hangs up stops nothing. Who asks too much is told so before anything is a row: 429, Retry-After. Browsers and proxies
are kept awake by comments.
"""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated, Any, Self
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from functions.serve.follow import events
from functions.serve.http import parse, read_body
from functions.serve.identify import identify
from functions.work.drains import Drains
from schema.jobs import Queue
from schema.ports import Limit
from schema.serving import Follower, People, Person, PersonalRows

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

log = structlog.get_logger()


class AskRequest(BaseModel):
    """A question, and where it belongs."""

    model_config = ConfigDict(extra="forbid")

    question: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
    conversation_id: UUID | None = None
    library_id: UUID | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.conversation_id is not None and self.library_id is not None:
            raise ValueError("library_id is for a new conversation")
        return self


@dataclass(frozen=True)
class AskEntry:
    """The entry point; with `drains` this process also answers, where no listener does."""

    people: People
    rows: PersonalRows
    follower: Follower
    limit: Limit
    drains: Drains | None
    drain_seconds: float

    async def __call__(self, request: Request) -> Response:
        """Ask, and follow the answer."""
        person = await identify(request, self.people)
        asked = parse(await read_body(request), AskRequest)
        await self.limit.admit(person.id)  # counted when it is answered, like those that do not come this way
        async with AsyncExitStack() as opened:
            response = await self._ask(person, asked, opened)
            response.keep(opened.pop_all())
            return response

    async def _ask(self, person: Person, asked: AskRequest, opened: AsyncExitStack) -> "_Stream":
        conversation = asked.conversation_id or await self.rows.start_conversation(person, asked.library_id)
        # Before the question, so that no word of the answer is missed.
        news = await opened.enter_async_context(self.follower.follow(person, f"conversation:{conversation}"))
        answer = await self.rows.ask(person, conversation, asked.question)
        log.info("asked", message=str(answer.id), trace_id=answer.trace_id)
        if self.drains is not None:
            self.drains.begin([Queue.RESPOND], self.drain_seconds)
        return _Stream(events(person, answer, news, self.rows))


class _Stream(StreamingResponse):
    """A stream with what has to be closed after it, even if nobody ever reads it."""

    def __init__(self, content: Any) -> None:
        super().__init__(content, headers=HEADERS, media_type="text/event-stream")
        self._opened = AsyncExitStack()

    def keep(self, opened: AsyncExitStack) -> None:
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._opened:
            await super().__call__(scope, receive, send)
