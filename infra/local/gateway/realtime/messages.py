"""Messages that the server sends, and their frames.

A message is built once and sent to many sockets, so each of its wire forms is made at most once.
"""

import struct
from typing import Any

from infra.local.gateway.realtime import jsontext
from infra.local.gateway.realtime.frames import Encoding, Ref, Version

TEXT, BINARY = 0x81, 0x82  # RFC 6455: final fragment, opcode 1 or 2
USER_BROADCAST = 4
MAX_PART = 255  # bytes of one length-prefixed text in a binary frame


def packet(opcode: int, body: bytes) -> bytes:
    """Return an unmasked RFC 6455 frame, the same for every socket."""
    size = len(body)
    if size < 126:
        return bytes((opcode, size)) + body
    if size < 65536:
        return struct.pack("!BBH", opcode, 126, size) + body
    return struct.pack("!BBQ", opcode, 127, size) + body


class Message:
    """An event on a topic; ``payload`` is JSON text. V1 frames never carry ``join_ref``."""

    __slots__ = ("_packets", "event", "join_ref", "payload", "ref", "topic")

    def __init__(self, topic: str, event: str, payload: bytes, ref: Ref = None, join_ref: Ref = None) -> None:
        self.topic = topic
        self.event = event
        self.payload = payload
        self.ref = ref
        self.join_ref = join_ref
        self._packets: dict[Version, bytes | None] = {}

    def packet(self, version: Version) -> bytes | None:
        """Return the websocket frame for sockets of ``version``; None if they cannot be told."""
        if version not in self._packets:
            self._packets[version] = self._encode(version)
        return self._packets[version]

    def _encode(self, version: Version) -> bytes | None:
        topic, event, ref = jsontext.dumps(self.topic), jsontext.dumps(self.event), jsontext.dumps(self.ref)
        if version is Version.V1:
            body = b'{"topic":%b,"event":%b,"payload":%b,"ref":%b}' % (topic, event, self.payload, ref)
        else:
            body = b"[%b,%b,%b,%b,%b]" % (jsontext.dumps(self.join_ref), ref, topic, event, self.payload)
        return packet(TEXT, body)


class UserBroadcast(Message):
    """A broadcast that V2 sockets get as a binary frame of kind 4 and V1 sockets, if it is JSON, as an object.

    ``event`` is always ``broadcast``, ``name`` the user's event, ``content`` its payload, ``meta`` a JSON object or
    empty.
    """

    __slots__ = ("content", "encoding", "meta", "name")

    def __init__(self, topic: str, name: str, content: bytes, encoding: Encoding, meta: bytes = b"") -> None:
        super().__init__(topic, "broadcast", b"")
        self.name = name
        self.content = content
        self.encoding = encoding
        self.meta = meta

    def _encode(self, version: Version) -> bytes | None:
        if version is Version.V2 and (body := self._binary_body()):
            return packet(BINARY, body)
        if self.encoding is Encoding.BYTES:
            return None
        self.payload = broadcast_payload(self.name, self.content, self.meta)
        return super()._encode(version)

    def _binary_body(self) -> bytes | None:
        topic, name = self.topic.encode(), self.name.encode()
        if max(len(topic), len(name), len(self.meta)) > MAX_PART:
            return None
        sizes = bytes((USER_BROADCAST, len(topic), len(name), len(self.meta), self.encoding))
        return sizes + topic + name + self.meta + self.content


def broadcast_payload(name: str, content: bytes, meta: bytes = b"") -> bytes:
    """Return the payload of a JSON broadcast as clients read it."""
    fields = {"type": b'"broadcast"', "event": jsontext.dumps(name), "payload": content}
    return jsontext.members({**fields, "meta": meta} if meta else fields)


def reply(topic: str, ref: Ref, join_ref: Ref, status: str, response: Any) -> Message:
    """Return the answer to one push; ``response`` must be an object, as the Python client drops all else."""
    payload = b'{"status":%b,"response":%b}' % (jsontext.dumps(status), jsontext.dumps(response))
    return Message(topic, "phx_reply", payload, ref, join_ref)


def closed(topic: str, join_ref: Ref) -> Message:
    """Return the end of a channel."""
    return Message(topic, "phx_close", jsontext.EMPTY_OBJECT, join_ref, join_ref)


def crashed(topic: str, join_ref: Ref) -> Message:
    """Return the end of a channel through a fault of the server."""
    return Message(topic, "phx_error", jsontext.dumps({"reason": "channel_crash"}), join_ref, join_ref)


def system(topic: str, join_ref: Ref, extension: str, status: str, text: str) -> Message:
    """Return a system notice; ``extension`` is ``system`` or ``postgres_changes``, ``status`` ``ok`` or ``error``."""
    channel = topic.removeprefix("realtime:")
    payload = {"channel": channel, "extension": extension, "message": text, "status": status}
    return Message(topic, "system", jsontext.dumps(payload), None, join_ref)
