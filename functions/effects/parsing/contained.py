"""Reads files in contained child processes: `Parser`.

Whatever a file does, it does to a child that holds nothing else. When a child dies or is too slow, what it had read by
then is kept: a document with pages is read on by another child behind the pages that killed the first.
"""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from functions.effects.parsing import frames, limits
from functions.effects.parsing.frames import FrameError
from functions.effects.parsing.warm import NURSERY, Child, Warm
from schema.documents import Part
from schema.errors import JobError, PermanentError, TransientError

MAX_DEATHS = 6  # of one document's readers
_TOO_COMPLEX = (
    "too_complex",
    "Reading this file takes more memory or time than is allowed. Split it into smaller files.",
)
_CRASHED = (
    "crashed",
    "The file brings its reader down; it is probably damaged. Open it, save it anew and upload it again.",
)
_TOO_LONG = ("too_long", "The text of this file is longer than is allowed. Split it into smaller files.")
_KILLED_FOR_USE = {-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGABRT, -signal.SIGXFSZ, limits.OUT_OF_MEMORY}


@dataclass
class _Course:
    """How far the reading of one document is."""

    request: dict[str, Any]
    seconds: float  # left of the time that children may take
    output: int = limits.OUTPUT_BYTES  # left of the bytes that they may send
    pages: int | None = None
    step: int | None = None  # pages that are read at once
    pages_read: int = 0
    some_text: bool = False
    lost: list[str] = field(default_factory=list)
    deaths: int = 0


class ContainedParser:
    """Implements `Parser`. One for each process; it starts its warm process at the first file."""

    def __init__(self, nursery: str = NURSERY, seconds: float = limits.WALL_SECONDS) -> None:
        """`nursery` is the module of the warm process; a document may take `seconds`, waiting for us not counted."""
        self._warm = Warm(nursery)
        self._seconds = seconds

    async def parse(
        self, file: Path, name: str, mime: str | None, password: SecretStr | None = None
    ) -> AsyncGenerator[Part, None]:
        """Read a file part by part."""
        secret = password.get_secret_value() if password else None
        course = _Course({"file": str(file), "name": name, "mime": mime, "password": secret}, self._seconds)
        while True:
            async with self._warm.child(
                {**course.request, "first_page": course.pages_read + 1, "step": course.step}
            ) as child:
                async with aclosing(_parts(child, course)) as parts:
                    async for part in parts:
                        yield part
                        if part.mime is not None:
                            return
                error = await _cause(child, course)
            yield_last = _after_death(course, error)
            if yield_last is not None:
                yield yield_last
                return

    async def close(self) -> None:
        """End the warm process."""
        await self._warm.close()


async def _parts(child: Child, course: _Course) -> AsyncGenerator[Part, None]:
    """What a child sends, until its last part, its death or the end of its time."""
    while (frame := await _next(child, course)) is not None:
        if error := frame.get("error"):
            raise PermanentError(error["code"], error["message"])
        if plan := frame.get("plan"):
            course.pages, course.step = plan["pages"], plan["step"]
            continue
        part = Part.model_validate(frame["part"])
        course.pages_read = max(course.pages_read, part.pages_read)
        course.some_text = course.some_text or bool(part.blocks)
        if part.mime is not None and course.lost:
            part = part.model_copy(update={"partial": " ".join([*course.lost, *filter(None, [part.partial])])})
        yield part


async def _next(child: Child, course: _Course) -> dict[str, Any] | None:
    """The next frame; None when there will be none. Only time spent waiting for the child counts."""
    clock = asyncio.get_running_loop().time
    start = clock()
    try:
        async with asyncio.timeout(course.seconds):
            frame = await frames.receive(child.read_exactly)
    except (TimeoutError, FrameError):
        return None
    finally:
        course.seconds = max(0.0, course.seconds - (clock() - start))
        course.output -= child.taken()
    if course.output < 0:
        raise PermanentError(*_TOO_LONG)
    return frame


async def _cause(child: Child, course: _Course) -> JobError:
    """Why a child ended early."""
    if course.seconds <= 0:
        return PermanentError(*_TOO_COMPLEX)
    status = await child.status()
    if status is None:
        return TransientError("reader_lost", "The process that reads files was ended from outside.")
    return PermanentError(*(_TOO_COMPLEX if status in _KILLED_FOR_USE else _CRASHED))


def _after_death(course: _Course, error: JobError) -> Part | None:
    """The last part, where reading ends here with what there is; None where another child is to read on."""
    if isinstance(error, TransientError):
        raise error
    if course.pages is None or course.step is None:
        if course.some_text:
            return Part(
                mime=course.request["mime"] or "application/octet-stream", partial=f"The rest is missing. {error}"
            )
        raise error
    course.deaths += 1
    goes_on = course.seconds > 0 and course.deaths < MAX_DEATHS
    if goes_on and course.step > 1 and course.pages > 1:
        course.step = 1  # page by page, to lose no more than the pages that cannot be read
        return None
    first = course.pages_read + 1
    last = first if goes_on else course.pages
    course.pages_read = last
    which = f"Page {first}" if first == last else f"Pages {first} to {last}"
    course.lost.append(f"{which} of {course.pages} could not be read. {error}")
    if last < course.pages:
        return None
    if not course.some_text:
        raise error
    return Part(pages_read=last, pages=course.pages, mime="application/pdf", partial=" ".join(course.lost))
