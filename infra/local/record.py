"""The description of the running stack: written by the supervisor, read by everyone else."""

from typing import Literal

import psutil
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.local import state

PartState = Literal[
    "waiting",  # a part it needs is not ready yet
    "starting",  # running, but not answering yet
    "ready",
    "unhealthy",  # running, but no longer answering
    "restarting",  # it failed; the next start is near
    "stopping",
    "stopped",  # because someone asked for it
]
StackState = Literal["starting", "running", "stopping", "failed"]
# The system's clock may be corrected between two readings of a process's start.
CLOCK_TOLERANCE_SECONDS = 2.0


class ProcessRecord(BaseModel):
    """A process that can be told from a later one with the same number; `started` is Unix time in seconds."""

    model_config = ConfigDict(frozen=True)

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "ProcessRecord | None":
        """Describe a running process; none when it has ended already."""
        try:
            return cls(pid=pid, started=psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return None

    @classmethod
    def own(cls) -> "ProcessRecord":
        """Describe the process that asks."""
        present = psutil.Process()
        return cls(pid=present.pid, started=present.create_time())

    def process(self) -> psutil.Process | None:
        """The process, if it still runs."""
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.started) < CLOCK_TOLERANCE_SECONDS
            return found if same and found.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


class PartRecord(BaseModel):
    """What is known of one part."""

    state: PartState = "waiting"
    detail: str = ""
    port: int | None = None
    process: ProcessRecord | None = None
    ready_after_ms: int | None = None
    restarts: int = 0
    notes: list[str] = Field(default_factory=list)


class StackRecord(BaseModel):
    """What is known of the stack."""

    supervisor: ProcessRecord
    state: StackState = "starting"
    detail: str = ""
    ports: dict[str, int] = Field(default_factory=dict)
    parts: dict[str, PartRecord] = Field(default_factory=dict)


def read(folder: state.State) -> StackRecord | None:
    """The last description; none when there is none or a power cut spoiled it."""
    content = state.read_json(folder.stack_file)
    try:
        return None if content is None else StackRecord.model_validate(content)
    except ValidationError:
        return None


def write(folder: state.State, record: StackRecord) -> None:
    """Replace the description."""
    state.write_private(folder.stack_file, record.model_dump_json(indent=2))
