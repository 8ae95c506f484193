"""What the demo found out: pure values, as a table for people and as JSON for programs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from infra.cli.ask import Answered
from infra.cli.board import Board
from infra.cli.demo.corpus import Expectation


@dataclass(frozen=True)
class Asked:
    """A question of the demo, its answer if there was one in time, and what is wrong with that."""

    expected: Expectation
    answered: Answered | None
    faults: Sequence[str]


@dataclass
class Report:
    """The demo's result. Durations are milliseconds."""

    stack_start_ms: int
    board: Board = field(default_factory=Board)
    asked: list[Asked] = field(default_factory=list)
    # What is wrong with the second person's view; none while it has not been looked at.
    isolation: Sequence[str] | None = None

    @property
    def problems(self) -> list[str]:
        """Everything that was not as it should be."""
        return list(self._problems())

    @property
    def upload_ms(self) -> dict[str, int]:
        """Upload → searchable, by document."""
        times = {track.upload.name: track.milliseconds for track in self.board.tracks.values() if track.succeeded}
        return {name: time for name, time in times.items() if time is not None}

    def as_json(self) -> dict[str, Any]:
        """The figures."""
        tracks = self.board.tracks.values()
        answers = [asked.answered for asked in self.asked if asked.answered]
        right = [asked for asked in self.asked if not asked.faults]
        return {
            "documents": len(tracks),
            "ready": sum(track.succeeded for track in tracks),
            "failed": sum(not track.succeeded for track in tracks),
            "questions": len(self.asked),
            "answered": len(right),
            "cited": sum(bool(asked.answered and asked.answered.row.citations) for asked in right),
            "refused_unanswerable": all(asked.expected.kind != "unanswerable" or asked in right for asked in self.asked)
            and bool(right),
            "isolation_ok": self.isolation is not None and not self.isolation,
            "upload_to_ready_ms": middle(list(self.upload_ms.values())),
            "question_to_first_token_ms": middle([each.first_token_ms for each in answers]),
            "question_to_last_token_ms": middle([each.last_token_ms for each in answers]),
            "stack_start_ms": self.stack_start_ms,
        }

    def _problems(self) -> Iterator[str]:
        for track in self.board.tracks.values():
            if not track.succeeded:
                yield f"{track.upload.name}: {track.reason or 'not ready in time'}"
        for asked in self.asked:
            yield from (f"“{asked.expected.question}”: {fault}" for fault in asked.faults)
        yield from self.isolation if self.isolation is not None else ["the second person's view was not checked"]


def middle(times: Sequence[int | None]) -> int | None:
    """The median of the times there are."""
    known = [time for time in times if time is not None]
    return round(median(known)) if known else None
