"""HTTP messages and WebSocket frames, as far as passing them on one by one needs."""

import asyncio
import struct

HEAD_END = b"\r\n\r\n"
TEXT_FRAME = 0x1


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """A frame as servers send it, unmasked (RFC 6455, section 5.2)."""
    head = await reader.readexactly(2)
    length = head[1] & 0x7F
    if length >= 126:
        extended = await reader.readexactly(2 if length == 126 else 8)
        (length,) = struct.unpack("!H" if length == 126 else "!Q", extended)
        head += extended
    return head + await reader.readexactly(length)


def body_length(head: bytes) -> int:
    """The length of the body that follows; a body of unknown length is refused."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
        if name.lower() == b"transfer-encoding":
            raise ValueError("chunked bodies are not passed on")
    return 0


def without(head: bytes, name: bytes) -> bytes:
    return b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(name + b":"))
