"""Frames that clients send: the Phoenix serialisations V1 (text objects) and V2 (text arrays and binary).

Layouts from supabase/realtime's user socket serializer and @supabase/realtime-js' serializer.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from infra.local.gateway.realtime import jsontext

#: A message reference is the client's own; it is echoed as it came.
Ref = str | int | None

GENERIC_PUSH = 0
BROADCAST_PUSH = 3


class Version(IntEnum):
    """The serialisation that a socket asked for by ``vsn``."""

    V1 = 1
    V2 = 2


class Encoding(IntEnum):
    """What the payload of a binary broadcast holds."""

    BYTES = 0
    JSON = 1


class MalformedFrameError(ValueError):
    """A client sent something that is no frame of the protocol."""


@dataclass(frozen=True, slots=True)
class Push:
    """One message from a client; ``payload`` is parsed JSON of any type."""

    topic: str
    event: str
    payload: Any
    ref: Ref = None
    join_ref: Ref = None


@dataclass(frozen=True, slots=True)
class BroadcastPush:
    """A broadcast sent as a binary frame of kind 3; ``event`` is the user's own name for it."""

    topic: str
    event: str
    payload: bytes
    encoding: Encoding
    ref: Ref = None
    join_ref: Ref = None


def negotiate(vsn: str | None) -> Version | None:
    """Return the serialisation for ``vsn`` in the query: ``1.0.x`` or ``2.0.x``, V1 if absent, None if unknown."""
    if vsn is None:
        return Version.V1
    major, _, rest = vsn.partition(".0.")
    if not rest.isdigit():
        return None
    return {"1": Version.V1, "2": Version.V2}.get(major)


def decode_text(version: Version, text: str) -> Push:
    """Return the message in a text frame; raises MalformedFrameError."""
    value = _parse(text)
    push = _from_object(value) if version is Version.V1 else _from_array(value)
    if not isinstance(push.topic, str) or not isinstance(push.event, str):
        raise MalformedFrameError("topic and event must be strings")
    if not push.topic.isprintable() and _holds_surrogate(push.topic):
        raise MalformedFrameError("topic must be Unicode text")
    if not isinstance(push.ref, Ref) or not isinstance(push.join_ref, Ref):
        raise MalformedFrameError("ref and join_ref must be strings")
    return push


def decode_binary(data: bytes) -> Push | BroadcastPush:
    """Return the message in a V2 binary frame; raises MalformedFrameError."""
    match data[:1]:
        case b"\x03":
            return _broadcast_push(data)
        case b"\x00":
            return _generic_push(data)
    raise MalformedFrameError("unknown kind of binary frame")


def _holds_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _from_object(value: Any) -> Push:
    try:
        return Push(value["topic"], value["event"], value["payload"], value["ref"], value.get("join_ref"))
    except (KeyError, TypeError, AttributeError):
        raise MalformedFrameError("an object with topic, event, payload and ref is expected") from None


def _from_array(value: Any) -> Push:
    if not isinstance(value, list) or len(value) != 5:
        raise MalformedFrameError("an array of five is expected")
    join_ref, ref, topic, event, payload = value
    return Push(topic, event, payload, ref, join_ref)


def _broadcast_push(data: bytes) -> BroadcastPush:
    sizes, encoding = data[1:6], data[6:7]
    if encoding not in (b"\x00", b"\x01"):
        raise MalformedFrameError("unknown encoding of a broadcast")
    (join_ref, ref, topic, event, _metadata), payload = _split(data, 7, sizes)
    if encoding == b"\x01":
        _parse(payload)
    return BroadcastPush(topic, event, payload, Encoding(encoding[0]), ref or None, join_ref or None)


def _generic_push(data: bytes) -> Push:
    (join_ref, ref, topic, event), payload = _split(data, 5, data[1:5])
    return Push(topic, event, _parse(payload), ref or None, join_ref or None)


def _parse(text: str | bytes) -> Any:
    try:
        return jsontext.loads(text)
    except ValueError as error:
        raise MalformedFrameError(str(error)) from None


def _split(data: bytes, start: int, sizes: bytes) -> tuple[list[str], bytes]:
    """Cut ``data`` from ``start`` into texts of the given sizes and the rest."""
    if start + sum(sizes) > len(data):
        raise MalformedFrameError("a binary frame ends early")
    parts = []
    for size in sizes:
        parts.append(data[start : start + size])
        start += size
    try:
        return [part.decode() for part in parts], data[start:]
    except UnicodeDecodeError:
        raise MalformedFrameError("a binary frame's texts must be UTF-8") from None
