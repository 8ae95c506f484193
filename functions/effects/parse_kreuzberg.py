"""Reads files with kreuzberg in a child process: `Parser`."""

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path, PurePosixPath

from functions.effects.parse_limits import OUTPUT_BYTES, WALL_SECONDS
from schema.documents import Parsed
from schema.errors import PermanentError

_TOO_MUCH = PermanentError("too_complex", "Reading this file takes more memory or time than is allowed.")


class ChildParser:
    """Implements `Parser`. Whatever the file does, it does to a child that holds nothing else."""

    async def parse(self, data: bytes, name: str, mime: str | None) -> Parsed:
        """Read a file."""
        with tempfile.TemporaryDirectory(prefix="rivulet-parse-") as folder:
            file = Path(folder, f"document{PurePosixPath(name).suffix[:20]}")  # the suffix may tell the type
            await asyncio.to_thread(file.write_bytes, data)
            reply = await _run(file, mime or "")
        if "error" in reply:
            raise PermanentError(**reply["error"])
        return Parsed.model_validate(reply["parsed"])


async def _run(file: Path, mime: str) -> dict[str, dict[str, str]]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "functions.effects.parse_child", str(file), mime,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env=_bare_environment(),
    )  # fmt: skip
    try:
        async with asyncio.timeout(WALL_SECONDS):
            output = await _read_bounded(child.stdout)
            await child.wait()
    except TimeoutError:
        raise _TOO_MUCH from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    if child.returncode != 0 or not output:
        raise _TOO_MUCH
    reply: dict[str, dict[str, str]] = json.loads(output)
    return reply


async def _read_bounded(stream: asyncio.StreamReader | None) -> bytes:
    output = bytearray()
    while stream and (piece := await stream.read(1 << 16)):
        output += piece
        if len(output) > OUTPUT_BYTES:
            raise PermanentError("too_long", "The text of this file is longer than is allowed.")
    return bytes(output)


def _bare_environment() -> dict[str, str]:
    """No keys and no addresses: the child needs none."""
    kept = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV"}
    return {name: value for name, value in os.environ.items() if name in kept}
