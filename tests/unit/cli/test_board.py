"""The board shows each upload as far as it is known to be, and calls late only what is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from infra.cli.board import Board
from infra.cli.files import Upload
from infra.cli.rows import DocumentRow

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def row(name: str = "L/a.pdf", second: int = 0, **values: Any) -> DocumentRow:
    return DocumentRow.model_validate(
        {
            "id": UUID(int=1),
            "title": "a.pdf",
            "object_name": name,
            "status": "queued",
            "version": 1,
            "updated_at": NOON + timedelta(seconds=second),
            **values,
        }
    )


def board(*names: str) -> Board:
    return Board.of("L", [Upload(Path(name), name, name, "application/pdf") for name in names or ("a.pdf",)])


def test_an_upload_ends_when_its_document_is_ready() -> None:
    seen = board()
    track = seen.tracks["L/a.pdf"]
    track.began_at = 10.0
    seen.accept("L/a.pdf", row(), 10.1)
    seen.put(row(second=1, status="embedding", chunks_total=4, chunks_done=1), 11.0)
    assert (track.stage, track.share, seen.done) == ("embedding 1/4", 0.55, False)
    seen.put(row(second=2, status="ready", chunks_total=4, chunks_done=4), 12.5)
    assert (track.succeeded, track.milliseconds, seen.done) == (True, 2500, True)


def test_the_old_version_being_ready_says_nothing_about_the_new_upload() -> None:
    seen = board()
    seen.put(row(status="ready"), 1.0)
    assert not seen.done
    seen.accept("L/a.pdf", row(second=5, version=2), 2.0)
    seen.put(row(status="ready"), 3.0)  # heard late
    assert not seen.done
    seen.put(row(second=6, version=2, status="ready"), 4.0)
    assert seen.done


def test_what_was_heard_before_the_file_was_accepted_counts_then() -> None:
    seen = board()
    seen.put(row(second=9, status="ready"), 1.0)
    seen.accept("L/a.pdf", row(second=3, status="parsing"), 2.0)
    assert seen.done


def test_a_failure_carries_its_reason() -> None:
    seen = board()
    seen.accept("L/a.pdf", row(status="failed", error_code="empty", error_message="The file is empty."), 2.0)
    track = seen.tracks["L/a.pdf"]
    assert (seen.done, track.succeeded, track.reason) == (True, False, "The file is empty.")


def test_a_document_that_was_deleted_meanwhile_ends() -> None:
    seen = board()
    seen.accept("L/a.pdf", None, 2.0)
    assert seen.done
    assert "deleted" in (seen.tracks["L/a.pdf"].reason or "")


def test_delayed_is_said_when_nothing_moves_and_not_before() -> None:
    seen = board("a.pdf", "b.pdf")
    first, second = seen.tracks.values()
    seen.accept("L/a.pdf", row(), 0.0)
    seen.accept("L/b.pdf", row("L/b.pdf"), 0.0)
    assert seen.delay(first, 4.0) is None
    assert seen.delay(first, 6.0) == "delayed: nobody has picked this up yet"
    seen.put(row("L/b.pdf", second=1, status="parsing"), 6.5)
    assert seen.delay(first, 8.0) is None  # somebody is at work on the other one
    assert seen.delay(second, 40.0) == "delayed: this is slow"
