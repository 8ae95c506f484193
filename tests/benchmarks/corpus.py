"""Sends a folder of files through a running stack, as a person does, and watches what becomes of them.

A corpus is a folder with `manifest.csv`; its column `file` names files beside it.
"""

import asyncio
import csv
import os
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Self

import psutil
from storage3.exceptions import StorageApiError

from infra.cli.demo.show import newcomer
from infra.cli.person import Person
from infra.cli.project import local_project
from infra.local import parts, record, stack, state
from tests.benchmarks.figures import say

BUCKET = "documents"
SENDERS = 4
LOOK_SECONDS = 1.0
SAMPLE_SECONDS = 0.05
ROWS_PER_READ = 500
MAX_ROWS = 100_000
COLUMNS = "id,object_name,status,error_code,error_message,partial,pages,chunks_total,active_version"
ENDED = {"ready", "failed"}

Row = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """A file of a corpus with its line of the manifest."""

    file: Path
    about: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its name in the manifest."""
        return self.about["file"]


@dataclass(frozen=True)
class Outcome:
    """What became of a file; `row` is None where Storage refused it, and `refusal` says why."""

    entry: Entry
    row: Row | None
    refusal: str | None = None

    @property
    def status(self) -> str:
        """The document's status; a refused upload is one."""
        return "refused" if self.row is None else str(self.row["status"])


def entries(corpus: Path) -> list[Entry]:
    """The files of a corpus."""
    with (corpus / "manifest.csv").open(newline="", encoding="utf-8") as lines:
        return [Entry(corpus / line["file"], line) for line in csv.DictReader(lines)]


@asynccontextmanager
async def somebody() -> AsyncIterator[Person]:
    """A new person on the local stack, which is started unless it runs."""
    ran_before = any(part.state != "stopped" for part in stack.status())
    if not ran_before:
        say("starting the stack ...")
        await asyncio.to_thread(stack.up, lambda _: None)
    try:
        async with newcomer(local_project(os.environ), "bench") as person:
            yield person
    finally:
        if not ran_before:
            await asyncio.to_thread(stack.down)


async def send(person: Person, files: Sequence[Entry], deadline_seconds: float) -> list[Outcome]:
    """Upload the files, and return when each has ended or the deadline has passed."""
    places = asyncio.Semaphore(SENDERS)
    names: dict[str, Entry] = {}
    refused: list[Outcome] = []

    async def upload(number: int, entry: Entry) -> None:
        name = f"{person.library}/{number:04d}/{PurePosixPath(entry.name).name}"
        async with places:
            try:
                content = await asyncio.to_thread(entry.file.read_bytes)
                await person.client.storage.from_(BUCKET).upload(name, content)
                names[name] = entry
            except (StorageApiError, ValueError) as error:  # the client itself refuses names with dot segments
                refused.append(Outcome(entry, None, str(error)))

    async with asyncio.TaskGroup() as group:
        for number, entry in enumerate(files):
            group.create_task(upload(number, entry))
    rows = await _ended(person, names, deadline_seconds)
    return [*refused, *(Outcome(entry, rows.get(name, {"status": "missing"})) for name, entry in names.items())]


async def text_of(person: Person, document: str) -> str:
    """The text that can be searched: passages, and headings where they change."""
    pieces: list[str] = []
    headings: list[str] = []
    for first in range(0, MAX_ROWS, ROWS_PER_READ):
        query = person.client.table("chunks").select("text,heading_path").eq("document_id", document).order("ordinal")
        found: list[Any] = (await query.range(first, first + ROWS_PER_READ - 1).execute()).data
        for row in found:
            pieces += [heading for heading in row["heading_path"] if heading not in headings]
            headings = row["heading_path"]
            pieces.append(row["text"])
        if len(found) < ROWS_PER_READ:
            break
    return "\n".join(pieces)


async def _ended(person: Person, names: Mapping[str, Entry], deadline_seconds: float) -> dict[str, Row]:
    end = time.monotonic() + deadline_seconds
    while True:
        query = person.client.table("documents").select(COLUMNS).eq("library_id", str(person.library))
        found: list[Any] = (await query.execute()).data
        rows = {row["object_name"]: row for row in found if row["object_name"] in names}
        open_names = [name for name in names if name not in rows or rows[name]["status"] not in ENDED]
        if not open_names or time.monotonic() > end:
            return rows
        await asyncio.sleep(LOOK_SECONDS)


def restarts() -> int:
    """How often listeners were started again."""
    return sum(part.restarts for part in stack.status() if part.name in parts.LISTENERS)


class Memory:
    """The greatest resident memory seen, in bytes: of the parse listener with its children, and of one process."""

    def __init__(self) -> None:
        self.together = 0
        self.one = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        listener: psutil.Process | None = None
        while not self._stop.wait(SAMPLE_SECONDS):
            if listener is None or not listener.is_running():
                listener = _parse_listener()
            used = list(_resident(listener)) if listener else []
            self.together = max(self.together, sum(used))
            self.one = max([self.one, *used])


def _parse_listener() -> psutil.Process | None:
    described = record.read(state.State(state.find_folder(os.environ)))
    known = described.parts["parse"].process if described else None
    return known.process() if known else None


def _resident(process: psutil.Process) -> Iterator[int]:
    with suppress(psutil.NoSuchProcess):
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                yield each.memory_info().rss


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many files ended in which way."""
    statuses = Counter(outcome.status for outcome in outcomes)
    return {
        "unfinished": sum(count for status, count in statuses.items() if status not in {*ENDED, "refused"}),
        "ready": statuses["ready"],
        "failed": statuses["failed"],
        "refused_by_storage": statuses["refused"],
        "partial": sum(bool(one.row and one.row.get("partial")) for one in outcomes),
    }
