"""Frames from clients: what is read from them, and that no bytes whatever do harm."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.gateway.realtime.frames import (
    BroadcastPush,
    Encoding,
    MalformedFrameError,
    Push,
    Version,
    decode_binary,
    decode_text,
    negotiate,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SHORT = TEXT.filter(lambda text: len(text.encode()) <= 255)
REF = st.none() | st.integers(0, 10**6).map(str)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(TEXT, TEXT, JSON, REF, REF)
def test_what_a_client_writes_is_what_is_read(topic: str, event: str, payload: object, ref: str, join_ref: str) -> None:
    push = Push(topic, event, payload, ref, join_ref)
    fields = {"topic": topic, "event": event, "payload": payload, "ref": ref, "join_ref": join_ref}
    assert decode_text(Version.V1, json.dumps(fields)) == push
    assert decode_text(Version.V2, json.dumps([join_ref, ref, topic, event, payload])) == push


@given(SHORT, SHORT, SHORT, SHORT, SHORT, st.binary(max_size=60))
def test_binary_broadcasts_are_read(
    join_ref: str, ref: str, topic: str, event: str, metadata: str, payload: bytes
) -> None:
    parts = [part.encode() for part in (join_ref, ref, topic, event, metadata)]
    frame = bytes([3, *map(len, parts), 0]) + b"".join(parts) + payload
    assert decode_binary(frame) == BroadcastPush(topic, event, payload, Encoding.BYTES, ref or None, join_ref or None)


def test_a_captured_javascript_frame_is_read() -> None:
    frame = bytes.fromhex("0301010d020001") + b"67realtime:roomev" + b'{"a":1}'
    assert decode_binary(frame) == BroadcastPush("realtime:room", "ev", b'{"a":1}', Encoding.JSON, "7", "6")


def test_a_generic_binary_push_is_read() -> None:
    frame = bytes([0, 1, 1, 3, 2]) + b"12top" + b"ev" + b"[1]"
    assert decode_binary(frame) == Push("top", "ev", [1], "2", "1")


@given(st.text(max_size=200))
def test_no_text_does_harm(text: str) -> None:
    for version in Version:
        try:
            decode_text(version, text)
        except MalformedFrameError:
            continue


@given(st.binary(max_size=200))
def test_no_bytes_do_harm(data: bytes) -> None:
    for frame in (data, b"\x03" + data, b"\x00" + data):
        try:
            decode_binary(frame)
        except MalformedFrameError:
            continue


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"topic":"t","event":"e","payload":{}}',
        '{"topic":1,"event":"e","payload":{},"ref":null}',
        '{"topic":"t","event":"e","payload":NaN,"ref":null}',
        '{"topic":"t","event":"e","payload":1e999,"ref":null}',
        '{"topic":"t","event":"e","payload":{},"ref":{}}',
        '{"topic":"\\ud800","event":"e","payload":{},"ref":null}',
        '{"topic":"t","event":"e","ref":null,"payload":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"topic":"t","event":"e","ref":null,"payload":' + "9" * 5000 + "}",
    ],
)
def test_malformed_objects_are_refused(text: str) -> None:
    with pytest.raises(MalformedFrameError):
        decode_text(Version.V1, text)


@pytest.mark.parametrize(
    "frame", [b"", b"\x09", b"\x03\x05", b"\x03\x00\x00\x00\x00\x00\x02", b"\x03\x00\x00\x00\x00\x00\x01{", b"\x04"]
)
def test_malformed_binary_frames_are_refused(frame: bytes) -> None:
    with pytest.raises(MalformedFrameError):
        decode_binary(frame)


@pytest.mark.parametrize(
    ("vsn", "version"),
    [(None, Version.V1), ("1.0.0", Version.V1), ("1.0.7", Version.V1), ("2.0.0", Version.V2), ("2.0.12", Version.V2)],
)
def test_versions_are_negotiated(vsn: str | None, version: Version) -> None:
    assert negotiate(vsn) is version


@pytest.mark.parametrize("vsn", ["", "1", "1.0", "1.1.0", "3.0.0", "2.0.x", string.ascii_letters])
def test_unknown_versions_are_refused(vsn: str) -> None:
    assert negotiate(vsn) is None
