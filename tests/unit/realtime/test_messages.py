"""Frames to clients, byte for byte."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.gateway.realtime import messages
from infra.local.gateway.realtime.frames import Encoding, Version
from infra.local.gateway.realtime.messages import Message, UserBroadcast


def unpacked(frame: bytes | None) -> tuple[int, bytes]:
    """Return opcode and body of one websocket frame, checking its length."""
    assert frame is not None
    size, start = frame[1], 2
    if size == 126:
        (size,), start = struct.unpack("!H", frame[2:4]), 4
    elif size == 127:
        (size,), start = struct.unpack("!Q", frame[2:10]), 10
    assert len(frame) == start + size
    return frame[0] & 0x0F, frame[start:]


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, 1_000_000])
def test_websocket_lengths_are_right_at_their_borders(size: int) -> None:
    assert unpacked(messages.packet(messages.TEXT, b"x" * size)) == (1, b"x" * size)


def test_objects_carry_no_join_ref_and_arrays_do() -> None:
    message = messages.reply("realtime:room", "3", "1", "ok", {"postgres_changes": []})
    assert json.loads(unpacked(message.packet(Version.V1))[1]) == {
        "topic": "realtime:room",
        "event": "phx_reply",
        "payload": {"status": "ok", "response": {"postgres_changes": []}},
        "ref": "3",
    }
    assert json.loads(unpacked(message.packet(Version.V2))[1]) == [
        "1",
        "3",
        "realtime:room",
        "phx_reply",
        {"status": "ok", "response": {"postgres_changes": []}},
    ]


def test_frames_to_many_carry_no_refs() -> None:
    message = Message("realtime:room", "broadcast", b'{"a":1}')
    assert json.loads(unpacked(message.packet(Version.V2))[1]) == [None, None, "realtime:room", "broadcast", {"a": 1}]


def test_a_binary_broadcast_is_laid_out_as_the_javascript_client_reads_it() -> None:
    message = UserBroadcast("realtime:room", "ev", b'{"a":1}', Encoding.JSON, b'{"id":"m1"}')
    opcode, body = unpacked(message.packet(Version.V2))
    assert (opcode, body) == (2, bytes.fromhex("040d020b01") + b'realtime:roomev{"id":"m1"}{"a":1}')


def test_older_sockets_get_json_broadcasts_as_objects() -> None:
    message = UserBroadcast("realtime:room", "ev", b'{"a":1}', Encoding.JSON, b'{"id":"m1"}')
    opcode, body = unpacked(message.packet(Version.V1))
    assert opcode == 1
    assert json.loads(body)["payload"] == {
        "type": "broadcast",
        "event": "ev",
        "payload": {"a": 1},
        "meta": {"id": "m1"},
    }


def test_older_sockets_cannot_be_told_bytes() -> None:
    assert UserBroadcast("realtime:room", "ev", b"\x01", Encoding.BYTES).packet(Version.V1) is None


def test_names_too_long_for_a_binary_frame_go_as_text() -> None:
    message = UserBroadcast("realtime:" + "r" * 300, "ev", b"{}", Encoding.JSON)
    assert unpacked(message.packet(Version.V2))[0] == 1
    assert UserBroadcast("realtime:" + "r" * 300, "ev", b"\x01", Encoding.BYTES).packet(Version.V2) is None


@given(st.text())
def test_any_text_makes_valid_utf8_json(text: str) -> None:
    for version in Version:
        _, body = unpacked(messages.system("realtime:t", "1", "system", "error", text).packet(version))
        json.loads(body.decode())
