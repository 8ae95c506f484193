"""One log file per part: earlier runs are kept for a while, and none grows without end."""

import os
import shutil
from pathlib import Path

KEPT_RUNS = 3
MAX_BYTES = 20_000_000


def begin(file: Path) -> None:
    """Put the log of the last run aside as `.1`, and that of the run before as `.2`, and so on."""
    for number in range(KEPT_RUNS - 1, 0, -1):
        _move(_numbered(file, number), _numbered(file, number + 1))
    _move(file, _numbered(file, 1))


def shorten(file: Path) -> None:
    """Put a log aside that has grown too long; its writer goes on in the same file, now empty."""
    if size(file) > MAX_BYTES:
        shutil.copyfile(file, _numbered(file, 1))
        os.truncate(file, 0)


def size(file: Path) -> int:
    """The length of a log in bytes; none has length zero."""
    return file.stat().st_size if file.exists() else 0


def contains(file: Path, text: str, begin: int) -> bool:
    """Whether `text` was written after the first `begin` bytes."""
    with file.open("rb") as stream:
        stream.seek(begin)
        return text.encode() in stream.read()


def tail(file: Path, lines: int = 12) -> str:
    """The last lines of a log."""
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - 20_000))
            text = stream.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def _numbered(file: Path, number: int) -> Path:
    return file.with_name(f"{file.name}.{number}")


def _move(source: Path, target: Path) -> None:
    if source.exists():
        source.replace(target)
