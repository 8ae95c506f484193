"""What handlers need of the outside world. Each port is cut for its users; `functions.effects` implements them.

Every method that writes for a job takes its claim, and raises `StaleClaimError` if the claim is no longer the current
one, or `SupersededError` if the job had nothing left to do. All raise `TransientError` when the service is down.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol
from uuid import UUID

from pydantic import SecretStr

from schema.answers import Answer, Delta, Placement, Question, Sampling, Scope, Turn
from schema.documents import Chunk, Document, EmbedBatch, Part, StoredChunk
from schema.errors import JobError
from schema.jobs import Beat, Claim, ClaimBatch, Json, Queue, WorkerReport
from schema.moves import Checked, Fault, MoveTask, Passages, PlacedPassage
from schema.places import Label, Leftover, OwnPlaces, Page, Place, PurgeTask
from schema.search import Filter, FoundPassage, Hit
from schema.web import Fetched, Unchanged, Validators

Vector = Sequence[float]
TextKind = Literal["query", "document"]  # models embed the two differently


class JobStore(Protocol):
    """The queue, as a listener uses it."""

    async def claim(self, queue: Queue, worker: str, limit: int, request: UUID) -> ClaimBatch:
        """Claim up to `limit` jobs; repeating a `request` whose reply was lost gives the same jobs."""

    async def fail(self, claim: Claim, error: JobError) -> None:
        """Record that the job failed; the database decides whether and when it is tried again."""

    async def acknowledge_cancel(self, claim: Claim) -> None:
        """End a job that was asked to stop and has."""

    async def release(self, claims: Sequence[Claim]) -> None:
        """Give jobs back unfinished, without spending an attempt."""

    async def sweep(self) -> None:
        """Take back jobs whose worker vanished or hangs, and end those that nobody can finish."""

    async def status(self) -> Json:
        """Queues with their depths, ages and dead jobs, lanes and workers. Raises `TransientError`."""

    async def report(self, worker: WorkerReport) -> None:
        """Say who works, for operators."""


class ParseStore(Protocol):
    """A document's row, as the parse handler uses it."""

    async def start_parse(self, claim: Claim) -> Document:
        """Mark the document as being parsed and return it."""

    async def append_chunks(self, claim: Claim, chunks: Sequence[Chunk], pages_read: int) -> None:
        """Store passages, and how many pages were read so far; repeating a batch changes nothing."""

    async def complete_parse(self, claim: Claim, pages: int | None, mime: str, partial: str | None) -> None:
        """End the job and fan out its embed jobs. `partial` says what of the document is missing and why."""


class EmbedStore(Protocol):
    """A batch of passages, as the embed handler uses it."""

    async def start_embed(self, claim: Claim, model: str) -> EmbedBatch:
        """The passages of this job's batch. `model` becomes that of a library that has none yet."""

    async def complete_embed(self, claim: Claim, embedded: int, left_out: Place | None = None) -> None:
        """End the job, in which so many passages were really embedded; the last one makes the document searchable.

        `left_out` is the place that could not be written to, which its library is moving to: the move sees to it.
        """


class PurgeStore(Protocol):
    """A removal, as the purge handler uses it."""

    async def start_purge(self, claim: Claim) -> PurgeTask | None:
        """What is to be removed, or is left to be; None while a writer from before is still at work."""

    async def complete_purge(self, claim: Claim, receipt: Json) -> None:
        """End the job; the receipt is kept in its history and with the deletion."""


class LateWrites(Protocol):
    """Where a writer of vectors reports what it wrote when its claim was over."""

    async def report(self, chunks: Sequence[StoredChunk], places: Sequence[Place]) -> None:
        """Have purged what of these passages is not wanted there. Does not fail: an audit finds what is left."""


class MoveStore(Protocol):
    """Libraries on their way to another place, as the move handler uses them."""

    async def start_move(self, claim: Claim) -> MoveTask:
        """What this job is to do."""

    async def complete_build(self, claim: Claim, last: UUID | None, written: int, embedded: int) -> None:
        """End the job: passages up to `last` are in the new place; None: the whole range is."""

    async def complete_check(self, claim: Claim, checked: Checked, refusal: str | None) -> None:
        """End the job, and swap the places unless there is a refusal."""

    async def complete_mend(self, claim: Claim, written: int) -> None:
        """End the job."""


class AuditStore(Protocol):
    """What Postgres says of vectors and passages."""

    async def faults(self, place: Place, labels: Sequence[Label]) -> Sequence[Fault]:
        """Those of a place's vectors that should not be as they are."""

    async def passages(self, library: UUID | None, after: UUID | None) -> Passages:
        """A page of the passages that are searched, in the order of their ids."""

    async def among(self, chunks: Sequence[UUID]) -> Sequence[PlacedPassage]:
        """Those of the passages that are searched now."""

    async def places(self) -> OwnPlaces:
        """Where vectors of the project are."""

    async def mend(self, chunks: Sequence[UUID]) -> Sequence[int]:
        """Have the vectors of passages written anew; the ids of the jobs."""

    async def jobs_left(self, jobs: Sequence[int]) -> int:
        """How many of the jobs have not ended."""


class WatchStore(Protocol):
    """Watched tables, as the backfill handler uses them."""

    async def backfill(self, claim: Claim) -> bool:
        """Look at the rows of this job and end it; False if a row was being written and nothing was done."""


class AnswerStore(Protocol):
    """An answer's row, as the respond handler uses it."""

    async def start_respond(self, claim: Claim) -> Question:
        """Take the draft over and return the question."""

    async def save_draft(self, claim: Claim, content: str) -> None:
        """Store the text so far, for readers who come late. Raises `StoppedError` if the person stopped the answer."""

    async def complete_respond(self, claim: Claim, answer: Answer) -> None:
        """Store the final text with its citations and end the job; of a stopped answer, what there is of it."""


class SearchStore(Protocol):
    """Search in Postgres, always on behalf of a person."""

    async def scope(self, user: UUID, library: UUID | None, where: Filter) -> Scope:
        """The libraries that the person may search, and where their vectors are."""

    async def lexical(self, user: UUID, query: str, library: UUID | None, limit: int, where: Filter) -> Sequence[Hit]:
        """The best passages by words, best first."""

    async def visible(self, user: UUID, chunks: Sequence[UUID], around: int, where: Filter) -> Sequence[FoundPassage]:
        """Those of the passages that the person may see now, and the neighbours of the first `around` of them."""


class VectorSearch(Protocol):
    """Search by meaning. An index, not an authority: what it finds must still pass the visibility rule."""

    async def query(self, placements: Sequence[Placement], vector: Vector, model: str, limit: int) -> Sequence[Hit]:
        """The nearest passages in these libraries, nearest first."""

    async def vectors(
        self, placements: Sequence[Placement], chunks: Sequence[UUID], model: str
    ) -> Mapping[UUID, Vector]:
        """The vectors of passages of these libraries; those that have none are left out."""


class Reranker(Protocol):
    """A model that reads a query together with each passage."""

    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """How relevant each text is, in order; more is better."""


class FileStore(Protocol):
    """Uploaded files."""

    async def download(self, bucket: str, name: str, into: Path, most_bytes: int) -> None:
        """Write the file's bytes to `into`; a file that is not there (yet) is a `TransientError`.

        One that is larger than `most_bytes` is a `PermanentError`, whatever its row says.
        """

    async def remove(self, bucket: str, names: Sequence[str]) -> None:
        """Remove files; one that is not there is fine."""


class WebFetcher(Protocol):
    """The web."""

    async def fetch(self, url: str, into: Path, most_bytes: int, known: Validators | None) -> Fetched | Unchanged:
        """Write what is at the address into a file, unless the server says that it is what is `known`.

        `PermanentError` says what is wrong with the address or the answer: `bad_address`, `address_not_allowed`,
        `unknown_host`, `bad_certificate`, `too_many_redirects`, `not_found`, `fetch_refused`, `fetch_failed`,
        `bad_answer`, `empty`, `too_large`.
        """


class FetchStore(Protocol):
    """What was fetched for a document, as its loader uses it."""

    async def record_fetch(self, claim: Claim, fetched: Fetched | Unchanged) -> str | None:
        """Note what was fetched and return its type.

        Where it is what the searched version was made of, the job is ended: `SupersededError`. `PermanentError` with
        the code `over_quota` where the library has no room for it.
        """


class PageLoader(Protocol):
    """Documents that have an address."""

    async def load(self, claim: Claim, document: Document, into: Path, most_bytes: int) -> str | None:
        """Write the page into a file and return its type, as the server says."""


class Parser(Protocol):
    """Turns a file into text."""

    def parse(
        self, file: Path, name: str, mime: str | None, password: SecretStr | None = None
    ) -> AsyncGenerator[Part, None]:
        """Read a file part by part; it is read no faster than its parts are taken. Close the generator to stop.

        `name` is what its owner calls it, `mime` what they said it is; the content decides. `PermanentError` says what
        is wrong with it. Codes that ask for something: `encrypted` (a password), `wrong_password`, `needs_ocr`.
        """


class Embedder(Protocol):
    """Turns texts into vectors."""

    @property
    def model(self) -> str:
        """The model's name; vectors of different models never mix."""

    async def embed(self, texts: Sequence[str], kind: TextKind, tenant: UUID | None = None) -> Sequence[Vector]:
        """One vector per text, in order.

        Documents wait for their tenant's share of what the provider allows; queries, where somebody waits, never do.
        `RateLimitedError` if that would take too long.
        """


class VectorIndex(Protocol):
    """Vectors of passages. An index, not an authority: what it finds must still pass the visibility rule."""

    async def upsert(self, place: Place, chunks: Sequence[StoredChunk], vectors: Sequence[Vector]) -> None:
        """Store the vectors of passages; repeating it changes nothing. A write that has begun outlasts cancellation."""

    async def fetch(self, place: Place, chunks: Sequence[UUID]) -> Mapping[UUID, Vector]:
        """The vectors of those passages that have one there."""


class VectorPurge(Protocol):
    """Removes vectors for good. A removal ends with a look that finds nothing; a place that is not there is empty."""

    async def remove_document(self, place: Leftover, document: UUID, upto: int) -> int:
        """Remove the vectors of a document's versions up to one, but for those kept; how many there were."""

    async def remove_library(self, place: Place, library: UUID) -> int:
        """Remove all vectors of a library; how many there were."""


class VectorUpkeep(Protocol):
    """Vectors, as they are checked, mended and moved. Collections are named physically: some may be nobody's place."""

    async def upsert(self, place: Place, chunks: Sequence[StoredChunk], vectors: Sequence[Vector]) -> None:
        """Store the vectors of passages; repeating it changes nothing."""

    async def fetch(self, place: Place, chunks: Sequence[UUID]) -> Mapping[UUID, Vector]:
        """The vectors of those passages that have one there."""

    async def missing(self, place: Place, chunks: Sequence[UUID]) -> Sequence[UUID]:
        """Those of the passages that have no vector there."""

    async def nearest(self, place: Place, library: UUID, vectors: Sequence[Vector], limit: int) -> Sequence[list[UUID]]:
        """For each vector the ids of the nearest passages of a library, nearest first."""

    async def collections(self, mark: str) -> Sequence[str]:
        """All collections whose names begin like this."""

    async def page(self, collection: str, offset: int, library: UUID | None = None) -> Page:
        """A page of what a collection holds; of one library, if given."""

    async def holds(self, collection: str, name: str) -> bool:
        """Whether there is a vector of this id."""

    async def remove(self, collection: str, ids: Sequence[str]) -> None:
        """Remove vectors by their ids."""

    async def drop(self, collection: str) -> None:
        """Remove a collection."""


class Generator(Protocol):
    """A language model."""

    def stream(
        self, turns: Sequence[Turn], sampling: Sampling, tenant: UUID | None = None
    ) -> AsyncGenerator[Delta, None]:
        """The answer, piece by piece; closing it ends the call. An end without `finish_reason` is `TransientError`.

        It waits for its tenant's share of what the providers allow; what is asked for nobody does not.
        """


class Announcer(Protocol):
    """Live messages to whoever watches."""

    async def broadcast(self, topic: str, event: str, payload: Json) -> None:
        """Send to a private topic; losing a message is allowed, failing the caller is not."""


class Cache(Protocol):
    """An accelerator. When it is down everything is a miss."""

    async def get(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        """The values of the keys, None where there is none."""

    async def put(self, values: Mapping[str, bytes], seconds: int) -> None:
        """Keep values for a while."""


class Limit(Protocol):
    """How much one person may ask."""

    async def admit(self, person: UUID, asked: UUID | None = None) -> None:
        """Count what is asked, once however often it is admitted; without it nothing is counted, only looked.

        `RateLimitedError` (`rate_limited`) if it is too much: its text says how much is allowed, and when to come back.
        """


class Beats(Protocol):
    """Heartbeats. Blocking, for a thread of its own."""

    def beat(self, claims: Sequence[Claim]) -> Mapping[int, Beat]:
        """Renew the leases of these claims; what became of each job, by id. Raises `TransientError`."""
