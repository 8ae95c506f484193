"""What was accepted, what happened, and what is there in the end: all that the checker reads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg


@dataclass(frozen=True)
class Question:
    """A question whose insertion was confirmed; `place` counts within the conversation."""

    id: UUID
    conversation: UUID
    place: int


@dataclass(frozen=True)
class Event:
    """A job changed its state, in a transaction that was committed. `before` and `after` as in audit.sql."""

    seq: int
    at: float  # seconds since 1970, by the database's clock
    job: int
    queue: str
    tenant: UUID
    subject: UUID
    group: str | None
    fence: int | None
    worker: str | None
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Note:
    """A worker began a job, or was told what became of its completion: accepted, stale or superseded."""

    what: str
    job: int
    fence: int


@dataclass(frozen=True)
class Answer:
    """The row of an answer."""

    id: UUID
    question: UUID
    status: str
    content: str


@dataclass(frozen=True)
class Document:
    """The row of a document, with the passages that it has in fact."""

    status: str
    chunks: int
    chunks_done: int | None


@dataclass(frozen=True)
class History:
    """Everything about one run."""

    questions: Sequence[Question]
    uploads: Sequence[UUID]
    events: Sequence[Event]
    notes: Sequence[Note]
    answers: Sequence[Answer]
    documents: Mapping[UUID, Document]
    tenant_limit: int


EVENTS = """
select seq, extract(epoch from at)::float, job, queue, tenant, subject, group_key, fence, worker, before, after
from chaos.events order by seq
"""
DOCUMENTS = """
select id, status::text, (select count(*) from public.chunks c where c.document_id = d.id), chunks_done
from public.documents d
"""


def read_events(connection: psycopg.Connection) -> list[Event]:
    """The log that the triggers wrote."""
    return [Event(*row) for row in connection.execute(EVENTS)]


def read_notes(folder: Path) -> list[Note]:
    """The logs that the workers wrote; the last line of a killed one may be cut short."""
    notes = []
    for file in folder.glob("*.jsonl"):
        for line in file.read_text().splitlines():
            if line.endswith("}"):
                note = json.loads(line)
                notes.append(Note(note["what"], note["job"], note["fence"]))
    return notes


def read(
    connection: psycopg.Connection, folder: Path, questions: Sequence[Question], uploads: Sequence[UUID], limit: int
) -> History:
    """The whole history, when nothing happens any more."""
    answers = connection.execute(
        "select id, reply_to, status::text, content from public.messages where role = 'assistant'"
    )
    return History(
        questions=questions,
        uploads=uploads,
        events=read_events(connection),
        notes=read_notes(folder),
        answers=[Answer(*row) for row in answers],
        documents={row[0]: Document(*row[1:]) for row in connection.execute(DOCUMENTS)},
        tenant_limit=limit,
    )
