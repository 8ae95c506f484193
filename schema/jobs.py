"""A claimed piece of work, and what the database answers when it is asked about one."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

Json = dict[str, Any]


class Queue(StrEnum):
    """The queues, one per kind of job; a listener serves one or more of them."""

    PARSE = "parse"
    EMBED = "embed"
    RESPOND = "respond"
    PURGE = "purge"
    MOVE = "move"
    BACKFILL = "backfill"


class Claim(BaseModel):
    """A job that this worker holds until its lease or deadline ends.

    `fence` is the number of this claim. Every write names it, and is refused once a later claim exists.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: int
    queue: Queue
    fence: int
    attempt: int
    alone: bool = False  # two workers vanished with it: nothing may run beside it
    tenant_id: UUID
    subject_id: UUID
    payload: Json
    trace_id: str
    waited_ms: int
    deadline_seconds: float


class ClaimBatch(BaseModel):
    """The reply to a claim request; `more` says that asking again at once may give more."""

    jobs: Sequence[Claim]
    more: bool


class WorkerReport(BaseModel):
    """What a listener says of itself. `hears`: its doorbell works; otherwise it looks by timer.

    `concurrency`: the most jobs of each queue at once; with 0 it leaves.
    """

    model_config = ConfigDict(frozen=True)

    worker: str
    queues: Sequence[Queue]
    concurrency: int
    running: int
    hears: bool


class Beat(StrEnum):
    """What a heartbeat learns about a job."""

    OK = "ok"
    LOST = "lost"  # another worker may have it: stop, and write nothing
    CANCEL = "cancel"  # somebody stopped it: stop, and say so


class Outcome(StrEnum):
    """How a worker's run of a job ended."""

    DONE = "done"
    FAILED = "failed"  # for good
    PUT_OFF = "put_off"  # failed for now: tried again later, or given up after too many attempts
    SUPERSEDED = "superseded"  # there was nothing left to do
    STALE = "stale"  # another worker may have it
    CANCELLED = "cancelled"
    RELEASED = "released"  # given back unfinished
    UNRECORDED = "unrecorded"  # failed, and the database could not be told
