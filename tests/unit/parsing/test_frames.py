"""Frames arrive as they were sent, however the bytes are cut, and nothing else is taken for one."""

import asyncio
import os
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.effects.parsing import frames
from functions.effects.parsing.frames import FrameError
from schema.documents import Block, BlockKind, Part

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
BLOCKS = st.builds(
    Block,
    kind=st.sampled_from(BlockKind),
    text=TEXT,
    level=st.integers(0, 9),
    page=st.none() | st.integers(1, 10_000),
)
PARTS = st.builds(
    Part, blocks=st.lists(BLOCKS, max_size=5), pages_read=st.integers(0, 10_000), partial=st.none() | TEXT
)


def received(data: bytes) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        found = []
        while (frame := await frames.receive(reader.readexactly)) is not None:
            found.append(frame)
        return found

    return asyncio.run(run())


@given(st.lists(PARTS, max_size=4))
def test_parts_arrive_as_they_were_sent(parts: list[Part]) -> None:
    stream = b"".join(frames.encode({"part": part.model_dump(mode="json")}) for part in parts)
    assert [frame["part"] for frame in received(stream)] == [part.model_dump(mode="json") for part in parts]


@given(PARTS, st.data())
def test_a_stream_that_breaks_off_within_a_frame_is_noticed(part: Part, data: st.DataObject) -> None:
    whole = frames.encode({"part": part.model_dump(mode="json")})
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(FrameError):
        received(whole[:cut])


@given(st.binary(min_size=1, max_size=200))
def test_noise_is_never_a_part(noise: bytes) -> None:
    try:
        found = received(noise)
    except FrameError:
        return
    assert all(isinstance(frame, dict) for frame in found)


def test_lone_surrogates_do_not_stop_the_stream() -> None:
    assert received(frames.encode({"text": "a\ud800b"})) == [{"text": "a?b"}]


def test_a_sender_waits_for_its_reader() -> None:
    read_end, write_end = os.pipe()
    sent = threading.Event()

    def send() -> None:
        frames.send(write_end, {"text": "x" * 1_000_000})
        sent.set()
        os.close(write_end)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    assert not sent.wait(0.2)
    with os.fdopen(read_end, "rb") as pipe:
        assert len(pipe.read()) > 1_000_000
    thread.join()
    assert sent.is_set()


def test_a_frame_that_is_too_large_is_not_sent() -> None:
    with pytest.raises(FrameError):
        frames.encode({"text": "x" * (frames.MAX_FRAME_BYTES + 1)})
