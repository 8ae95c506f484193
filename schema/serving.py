"""What the functions need for the people and bells that call them: contracts beside those of `schema.ports`."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schema.jobs import Json, Queue

AnswerStatus = Literal["pending", "streaming", "complete", "failed", "cancelled"]
ENDS = ("complete", "failed", "cancelled")  # states of an answer in which nothing more happens by itself


@dataclass(frozen=True)
class Person:
    """Somebody signed in. `expires_at` is in Unix seconds; the token is what the person's rows are read with."""

    id: UUID
    token: str = field(repr=False)
    expires_at: float


class AnswerState(BaseModel):
    """How far an answer is; `fence` numbers the attempt that writes it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: UUID
    reply_to: UUID
    content: str
    status: AnswerStatus
    fence: int | None = None
    model: str | None = None
    timings: Json | None = None
    metadata: Json = {}
    error_message: str | None = None

    @property
    def ended(self) -> bool:
        """Nothing more will happen by itself."""
        return self.status in ENDS


class AnswerRow(AnswerState):
    """An answer as its row holds it, as programs are told of it."""

    conversation_id: UUID
    usage: Json | None = None
    error_code: str | None = None
    trace_id: str
    citations: Sequence[Json] = ()


@dataclass(frozen=True)
class Heard:
    """A broadcast of a topic."""

    event: str
    payload: dict[str, Any]


class People(Protocol):
    """Who is calling."""

    async def identify(self, token: str) -> Person:
        """The person whom a token speaks for. Raises `InvalidTokenError`, or `TransientError` when nobody can tell."""


class PersonalRows(Protocol):
    """Rows, as the person reads and writes them: row level security decides.

    Raises `InvalidTokenError`, `NotAllowedError`, and as the ports of `schema.ports` do.
    """

    async def start_conversation(self, person: Person, library: UUID | None) -> UUID:
        """Start a conversation about a library, or about all that the person may see; its id."""

    async def ask(self, person: Person, conversation: UUID, question: str) -> AnswerRow:
        """Put a question; its pending answer."""

    async def answer(self, person: Person, answer: UUID) -> AnswerRow | None:
        """An answer with its citations, as it is now; None if it is gone."""


class News(Protocol):
    """What is heard on a topic."""

    @property
    def hears(self) -> bool:
        """Whether broadcasts arrive; if not, only the rows tell."""

    async def next(self, seconds: float) -> Heard | None:
        """The next broadcast, None if there is none for so long. Ends early when the topic cannot be heard any more."""


class Follower(Protocol):
    """Hears private topics on behalf of people."""

    def follow(self, person: Person, topic: str) -> AbstractAsyncContextManager[News]:
        """The news of a topic. Waits a moment until it can be heard, and goes on if it cannot."""


class Inbox(Protocol):
    """What has been received, so that nothing is taken twice."""

    async def receive(self, source: str, event: str) -> bool:
        """Whether this is the first time."""


class Bell(Protocol):
    """Rings for whoever serves the queues."""

    async def ring(self, queues: Sequence[Queue]) -> None:
        """Ring for those of the queues that have something to do now."""


class Probe(Protocol):
    """Looks whether an outside service works."""

    async def __call__(self) -> None:
        """Raises any exception if it does not."""
