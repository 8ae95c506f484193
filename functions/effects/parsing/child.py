"""What a reading child does: gives up all it does not need, reads one file, sends what it reads."""

import os
from pathlib import Path
from typing import Any

import kreuzberg

from functions.effects.parsing import frames, limits
from functions.effects.parsing.extract import ocr_languages
from functions.effects.parsing.pdf import library_in
from functions.effects.parsing.reading import Reading
from functions.effects.parsing.source import Plan, Source
from schema.errors import PermanentError

# The smallest PDF file: reading it makes kreuzberg unpack its library.
_TINY_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    b"3 0 obj<</Type/Page/MediaBox[0 0 9 9]/Parent 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
)

_reading: Reading | None = None
_folder = ""


def warm_up(folder: str) -> None:
    """Load, in the nursery, what every child needs. kreuzberg's threads would not survive a fork: none are started."""
    global _reading, _folder
    unpacking = os.fork()
    if unpacking == 0:
        try:
            kreuzberg.extract_bytes_sync(_TINY_PDF, "application/pdf")
        finally:
            os._exit(0)
    os.waitpid(unpacking, 0)
    ocr_languages()  # asks a program, which no child may start
    (Path(folder) / "ocr").mkdir()  # kreuzberg recognises nothing without it, and no child may make it
    _folder = folder
    _reading = Reading(library_in(Path(folder)))


def run(request: dict[str, Any], pipe: int) -> None:
    """Read the file of a request and send its parts, or the error that says what is wrong with it."""
    limits.leave_files([request["file"], _folder])
    limits.limit_resources()
    source = Source(
        name=request["name"],
        declared=request["mime"],
        password=request["password"],
        file=Path(request["file"]),
        first_page=request["first_page"],
        step=request["step"],
    )
    try:
        for part in (_reading or Reading(None)).parts(source):
            frames.send(pipe, _frame(part))
    except PermanentError as error:
        frames.send(pipe, {"error": {"code": error.code, "message": error.message}})
    except MemoryError:
        os._exit(limits.OUT_OF_MEMORY)
    except RecursionError:
        frames.send(pipe, {"error": {"code": "too_complex", "message": "The file is nested too deeply."}})


def _frame(part: Any) -> frames.Frame:
    if isinstance(part, Plan):
        return {"plan": part._asdict()}
    return {"part": part.model_dump(mode="json")}
