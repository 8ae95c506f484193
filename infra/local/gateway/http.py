"""Reading bodies and sending answers over ASGI, with bounds."""

import re

from starlette.types import Receive, Send

#: What may not stand in a header's value: line breaks and other controls, and characters beyond Latin-1.
UNSENDABLE = re.compile(r"[^\x20-\x7e\xa0-\xff]")


class BodyTooLargeError(Exception):
    """A request's body is larger than its service takes."""


class ClientGoneError(Exception):
    """The client closed the connection before its request was complete."""


async def read_body(receive: Receive, headers: dict[str, str], limit: int) -> bytes:
    """Return a request's body; raises BodyTooLargeError above ``limit`` bytes, ClientGoneError if it ends early."""
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def send_answer(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    """Send a whole answer."""
    raw = raw_headers(headers)
    if status not in (204, 304):
        raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def raw_headers(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """Return headers as ASGI wants them, without characters that could end one header and begin another."""
    return [
        (UNSENDABLE.sub("", name).encode("latin-1"), UNSENDABLE.sub("", value).encode("latin-1"))
        for name, value in headers.items()
    ]


def _too_large(limit: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"The request's body is larger than {limit} bytes")
