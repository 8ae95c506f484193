"""The history checker: counts what must never happen."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from tests.chaos.history import Event, History
from tests.chaos.work import CHUNKS, text

ENDS = ("done", "dead", "cancelled")


@dataclass(frozen=True)
class Verdict:
    """How often each promise was broken."""

    lost: int
    duplicated: int
    out_of_order: int
    limit_violations: int
    stale_accepted: int

    @property
    def clean(self) -> bool:
        """Whether nothing was."""
        return not any((self.lost, self.duplicated, self.out_of_order, self.limit_violations, self.stale_accepted))


def check(history: History) -> Verdict:
    """Read the history for everything that must never happen."""
    return Verdict(
        lost=sum(1 for _ in lost(history)),
        duplicated=sum(1 for _ in duplicated(history)),
        out_of_order=sum(1 for _ in out_of_order(history)),
        limit_violations=sum(1 for _ in over_limit(history)),
        stale_accepted=sum(1 for _ in accepted_from_the_past(history)),
    )


def lost(history: History) -> Iterator[object]:
    """What was accepted and has no end that a person could see; jobs that were made and never ended."""
    answered = {answer.question for answer in history.answers if answer.status in ("complete", "failed")}
    yield from (question for question in history.questions if question.id not in answered)
    for upload in history.uploads:
        document = history.documents.get(upload)
        if document is None or document.status not in ("ready", "failed"):
            yield upload
    made = {event.job for event in history.events if event.before is None and event.after not in ENDS}
    yield from made - {event.job for event in history.events if event.after in ENDS}


def duplicated(history: History) -> Iterator[object]:
    """Jobs with two ends, questions with two answers or two done jobs, documents whose passages do not add up."""
    yield from _twice(event.job for event in history.events if event.after in ENDS)
    yield from _twice(answer.question for answer in history.answers)
    yield from _twice(
        (event.queue, event.subject)
        for event in history.events
        if event.after == "done" and event.queue in ("parse", "respond")
    )
    for upload in history.uploads:
        document = history.documents.get(upload)
        if document and document.status == "ready" and {document.chunks, document.chunks_done} != {CHUNKS}:
            yield upload


def out_of_order(history: History) -> Iterator[object]:
    """Jobs that ran while an earlier one of their conversation had not ended, and answers that overtook another."""
    groups = defaultdict(list)
    for event in history.events:
        if event.group is not None:
            groups[event.group].append(event)
    for events in groups.values():
        yield from _impatient(events)
    place = {question.id: question.place for question in history.questions}
    asked = {answer.id: answer.question for answer in history.answers}
    for events in groups.values():
        places = [place.get(asked[event.subject]) for event in events if event.after in ENDS and event.subject in asked]
        known = [number for number in places if number is not None]
        yield from (after for before, after in pairwise(known) if after < before)


def over_limit(history: History) -> Iterator[Event]:
    """Claims that made a tenant's running jobs more than its limit."""
    running: Counter[tuple[str, UUID]] = Counter()
    for event in history.events:
        lane = (event.queue, event.tenant)
        if event.before == "running" and event.after != "running":
            running[lane] -= 1
        if event.after == "running":
            running[lane] += 1
            if running[lane] > history.tenant_limit:
                yield event


def accepted_from_the_past(history: History) -> Iterator[object]:
    """Completions that were accepted under a fence that was not the current one, and texts that such a one left."""
    current: dict[int, int | None] = {}
    done: dict[int, int | None] = {}
    for event in history.events:
        if event.after == "running":
            current[event.job] = event.fence
        elif event.after == "done":
            done[event.job] = event.fence
            if event.fence != current.get(event.job):
                yield event
    yield from (note for note in history.notes if note.what == "accepted" and done.get(note.job) != note.fence)
    texts = _texts(history.events, done)
    for answer in history.answers:
        if answer.status == "complete" and answer.content != texts.get(answer.id):
            yield answer


def _texts(events: Sequence[Event], done: Mapping[int, int | None]) -> dict[UUID, str]:
    fences = {event.subject: done.get(event.job) for event in events if event.queue == "respond"}
    return {subject: text(fence, "answer") for subject, fence in fences.items() if fence is not None}


def _impatient(events: Sequence[Event]) -> Iterator[Event]:
    """Events of one group: a job may run only when it is the oldest that has not ended."""
    alive: list[int] = []
    for event in events:
        if event.before is None and event.after not in ENDS:
            alive.append(event.job)
        elif event.after in ENDS and event.job in alive:
            alive.remove(event.job)
        elif event.after == "running" and event.job != alive[0]:
            yield event


def _twice(keys: Iterator[object]) -> Iterator[object]:
    counts = Counter(keys)
    yield from (key for key, count in counts.items() for _ in range(count - 1))
