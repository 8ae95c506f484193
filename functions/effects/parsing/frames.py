"""How a reading child talks to its parent: frames of JSON, each behind its length in bytes (4, big-endian).

The sender blocks while nobody reads, so a child never reads further ahead than a pipe and a frame hold.
"""

import json
import os
import struct
from collections.abc import Awaitable, Callable
from typing import Any

_LENGTH = struct.Struct(">I")
MAX_FRAME_BYTES = 16 * 1024**2

Frame = dict[str, Any]
ReadExactly = Callable[[int], Awaitable[bytes]]


class FrameError(Exception):
    """What came is no frame: the sender died within one, or is not ours any more."""


def encode(frame: Frame) -> bytes:
    """The bytes of a frame. Lone surrogates, which UTF-8 cannot say, become question marks."""
    body = json.dumps(frame, ensure_ascii=False).encode(errors="replace")
    if len(body) > MAX_FRAME_BYTES:
        raise FrameError(f"a frame of {len(body)} bytes is larger than {MAX_FRAME_BYTES}")
    return _LENGTH.pack(len(body)) + body


def send(pipe: int, frame: Frame) -> None:
    """Write a frame to a file descriptor, however slowly it is read."""
    rest = memoryview(encode(frame))
    while rest:
        rest = rest[os.write(pipe, rest) :]


async def receive(read_exactly: ReadExactly) -> Frame | None:
    """The next frame, or None at the end. `read_exactly` raises `EOFError` when there is less to read."""
    try:
        head = await read_exactly(_LENGTH.size)
    except EOFError as end:
        if getattr(end, "partial", b""):
            raise FrameError("the end came within a length") from end
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MAX_FRAME_BYTES:
        raise FrameError(f"a frame of {length} bytes was announced")
    try:
        frame = json.loads(await read_exactly(length))
    except (EOFError, ValueError) as error:
        raise FrameError("the frame is not whole") from error
    if not isinstance(frame, dict):
        raise FrameError("the frame is no object")
    return frame
