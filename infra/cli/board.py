"""The uploads being followed, and how far each is. Pure: the clock is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from infra.cli.files import Upload
from infra.cli.rows import DocumentRow

# When nothing on the board has changed for this long, the documents in this state are reported as delayed, in seconds.
PATIENCE_SECONDS = {"queued": 5.0, "parsing": 20.0, "embedding": 20.0}
REASONS = {"queued": "nobody has picked this up yet", "parsing": "this is slow", "embedding": "this is slow"}


@dataclass
class Track:
    """One upload. Times are seconds of a clock that only goes forward."""

    upload: Upload
    object_name: str
    began_at: float | None = None  # its file began to be sent
    sent: float = 0.0  # how much of its file has been sent, from 0 to 1
    unchanged: bool = False  # the server had the very file already
    accepted: bool = False  # the server has the file, and the row has been read since
    refusal: str | None = None  # why it was not accepted
    row: DocumentRow | None = None
    ended_at: float | None = None

    @property
    def succeeded(self) -> bool:
        """It can be searched."""
        return (
            self.ended_at is not None and self.refusal is None and self.row is not None and self.row.status == "ready"
        )

    @property
    def locked(self) -> bool:
        """Its file asks for a password, or for another one."""
        return self.row is not None and self.row.locked

    @property
    def milliseconds(self) -> int | None:
        """From the beginning of the upload to its end."""
        if self.ended_at is None or self.began_at is None:
            return None
        return round((self.ended_at - self.began_at) * 1000)

    @property
    def reason(self) -> str | None:
        """Why it failed, in words for a person."""
        return self.refusal or (self.row.error_message if self.row and self.row.status == "failed" else None)

    @property
    def stage(self) -> str:
        """How far it is, in a word or two."""
        if self.refusal is not None:
            return "refused"
        if not self.accepted or self.row is None:
            return "waiting" if self.began_at is None else f"uploading {self.sent:.0%}" if self.sent else "uploading"
        counted = self.row.status == "embedding" and self.row.chunks_total is not None
        return f"{self.row.status} {self.row.chunks_done}/{self.row.chunks_total}" if counted else self.row.status

    @property
    def share(self) -> float:
        """How far it is, from 0 to 1."""
        if self.ended_at is not None:
            return 1.0
        if not self.accepted or self.row is None:
            return 0.1 * self.sent
        if self.row.status == "embedding" and self.row.chunks_total:
            return 0.4 + 0.6 * self.row.chunks_done / self.row.chunks_total
        return {"queued": 0.1, "parsing": 0.2}.get(self.row.status, 0.4)


@dataclass
class Board:
    """All uploads of one command, by the name of their object."""

    tracks: dict[str, Track] = field(default_factory=dict)
    changed_at: float = 0.0  # when any of them was last seen to move

    @classmethod
    def of(cls, library: str, uploads: Sequence[Upload]) -> "Board":
        """A board for files that go to a library."""
        tracks = [Track(upload, f"{library}/{upload.key}") for upload in uploads]
        return cls({track.object_name: track for track in tracks})

    @property
    def done(self) -> bool:
        """Every upload has ended."""
        return all(track.ended_at is not None for track in self.tracks.values())

    @property
    def open_names(self) -> list[str]:
        """The object names of accepted uploads that have not ended."""
        return [name for name, track in self.tracks.items() if track.accepted and track.ended_at is None]

    def delay(self, track: Track, now: float) -> str | None:
        """Why an upload is late, if it is. While any other moves, this one has only to wait for its turn."""
        if not track.accepted or track.ended_at is not None or track.row is None:
            return None
        unchanged = now - self.changed_at
        return f"delayed: {REASONS[track.row.status]}" if unchanged > PATIENCE_SECONDS[track.row.status] else None

    def put(self, row: DocumentRow, now: float) -> None:
        """Take in a row, heard or read; an older state of it changes nothing."""
        track = self.tracks.get(row.object_name or "")
        if track is None or track.ended_at is not None or (track.row is not None and _age(row) < _age(track.row)):
            return
        if track.row is None or _progress(track.row) != _progress(row):
            self.changed_at = max(self.changed_at, now)
        track.row = row
        self._settle(track, now)

    def accept(self, name: str, row: DocumentRow | None, now: float) -> None:
        """Note that the server has a file, with the row read after that; none if it has been deleted since."""
        track = self.tracks[name]
        track.accepted, self.changed_at = True, max(self.changed_at, now)
        if row is None:
            self.refuse(name, "It was deleted while it was being processed.", now)
        else:
            self.put(row, now)
            self._settle(track, now)

    def refuse(self, name: str, reason: str, now: float) -> None:
        """Note that an upload has failed before it became a document, or that its document is gone."""
        track = self.tracks[name]
        if track.ended_at is None:
            track.refusal, track.ended_at = reason, now

    def _settle(self, track: Track, now: float) -> None:
        if track.accepted and track.ended_at is None and track.row is not None and track.row.ended:
            track.ended_at = now


def _age(row: DocumentRow) -> tuple[int, object]:
    return row.version, row.updated_at


def _progress(row: DocumentRow) -> tuple[object, ...]:
    return row.version, row.status, row.chunks_done
