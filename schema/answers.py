"""Questions, the passages found for them, and answers."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

REFUSAL = "I could not find that in your documents."


class Turn(BaseModel):
    """One message of a conversation, as models take it."""

    model_config = ConfigDict(frozen=True)

    role: Literal["system", "user", "assistant"]
    content: str


class Question(BaseModel):
    """A question with all that is needed to answer it; `history` holds the earlier turns, oldest first."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    message_id: UUID  # of the answer
    conversation_id: UUID
    user_id: UUID
    library_id: UUID | None  # None: every library that the person may see
    question: str
    history: Sequence[Turn]
    scope: "Scope | None" = None  # what may be searched, as it was when the answer was begun
    unread: int = 0  # documents of what is searched that cannot be found yet; 100 stand for more
    again: bool = False  # it has been answered, and another answer is wanted
    wants_title: bool = False  # its conversation has no name yet but the question's beginning


class Placement(BaseModel):
    """Where the vectors of a library are, and the model that made them.

    `shared`: other libraries have vectors in the same collection. `documents` are those that may be found; None: all.
    """

    model_config = ConfigDict(frozen=True)

    library_id: UUID
    collection: str
    model: str
    shared: bool = True
    documents: Sequence[UUID] | None = None


class Scope(BaseModel):
    """The libraries that a person may search.

    `placements` are those that have vectors; `revision` names all of them as they are: it is another one once a
    document of theirs was changed, or once they are others.
    """

    model_config = ConfigDict(frozen=True)

    placements: Sequence[Placement]
    revision: str


class Passage(BaseModel):
    """A chunk that the asking person may see, with what a prompt and a citation need of it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    chunk_id: UUID
    document_id: UUID
    title: str
    page: int | None
    heading_path: Sequence[str]
    ordinal: int
    text: str
    tokens: int


class Candidate(BaseModel):
    """A passage that a search proposed. Ranks count from 1, None where that arm did not find it; scores are the arm's.

    `place` is its number among the passages handed on, None if it was left out, for the reason in `dropped`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    chunk_id: UUID
    dense_rank: int | None = None
    dense_score: float | None = None
    lexical_rank: int | None = None
    lexical_score: float | None = None
    fused_score: float = 0.0
    place: int | None = None
    dropped: Literal["not_visible", "duplicate", "budget"] | None = None


class Retrieved(BaseModel):
    """What was found for a query: the passages for a prompt, best first, and how they came to be chosen.

    `timings` are milliseconds: scope, embed, dense, lexical, visible, feedback, rerank, as far as they took place;
    `notes` say what could not be done.
    """

    model_config = ConfigDict(frozen=True)

    passages: Sequence[Passage]
    candidates: Sequence[Candidate] = ()
    embedding_model: str = ""
    timings: dict[str, int] = {}
    notes: Sequence[str] = ()


class Usage(BaseModel):
    """Tokens that a model call used, as its provider counted them, and what they cost, None where nobody knows."""

    model_config = ConfigDict(frozen=True)

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cost_usd: float | None = None


class Citation(BaseModel):
    """A marker of an answer, tied to a span of the passage's text, in characters."""

    model_config = ConfigDict(frozen=True)

    marker: int
    chunk_id: UUID
    quote: str
    char_start: int
    char_end: int


DoubtReason = Literal["uncited", "number", "unrelated"]
FinishReason = Literal["stop", "length", "content_filter", "time", "stopped"]


class Delta(BaseModel):
    """A piece of a streamed answer. The last one has `finish_reason`; `model` names what really made it."""

    model_config = ConfigDict(frozen=True)

    text: str
    model: str
    finish_reason: FinishReason | None = None
    usage: Usage | None = None


class Doubt(BaseModel):
    """A sentence of an answer, by its characters, whose support is missing.

    `uncited`: it names no passage; `number`: it holds a number that is in none of those it names; `unrelated`: they
    share no word with it, which an answer in another language than its passages may also do.
    """

    model_config = ConfigDict(frozen=True)

    start: int
    end: int
    reason: DoubtReason


class Verdict(BaseModel):
    """How an answer ended and what it rests on: the `metadata` of its row.

    `finish_reason`: `stop`, `length` (the model's output limit), `content_filter` (its provider withheld the rest),
    `time` (the time allowed was over), `stopped` (the person stopped it). `supported`: it refuses, or at least one of
    its sentences cites a passage and none is in doubt.
    """

    model_config = ConfigDict(frozen=True)

    passages: int
    finish_reason: FinishReason
    refused: bool
    supported: bool
    doubts: Sequence[Doubt]
    forged_markers: int  # left out: they pointed at no passage
    removed_links: int  # left out: nobody had given them to the model
    unread: int = 0  # documents that were still on their way to being searchable; 100 stand for more
    replayed: bool = False  # an earlier answer to the same question from the same passages


class Sampling(BaseModel):
    """How a model is asked."""

    model_config = ConfigDict(frozen=True)

    max_tokens: int = 1024
    temperature: float = 0.1


class Provenance(BaseModel):
    """Where an answer came from.

    `passages` are the chunks of the prompt, in its order; `rewritten_by` tells who made the query of a follow-up:
    `rule`, a model's name, or None for the question itself; `notes` are those of the search.
    """

    model_config = ConfigDict(frozen=True)

    query: str
    rewritten_by: str | None
    candidates: Sequence[Candidate]
    passages: Sequence[UUID]
    prompt_sha256: str
    prompt_tokens: int
    parameters: dict[str, int | float | str | Sequence[str]]
    embedding_model: str | None
    notes: Sequence[str] = ()


class Answer(BaseModel):
    """A finished answer. `timings` are milliseconds: queued, retrieve, first_token, total; `title` is for its talk."""

    model_config = ConfigDict(frozen=True)

    content: str
    model: str
    usage: Usage | None
    timings: dict[str, int]
    citations: Sequence[Citation]
    metadata: Verdict
    provenance: Provenance
    title: str | None = None
