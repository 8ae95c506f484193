"""Sealed files: they come back as they were, or not at all."""

import io
from typing import BinaryIO, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra.cli.backup.seal import FRAME_BYTES, MAGIC, SALT_BYTES, TAG_BYTES, Opener, Sealer
from infra.cli.errors import CommandError

KEY = bytes(range(32))
HEAD = len(MAGIC) + SALT_BYTES


class Kept(io.BytesIO):
    """A file whose content outlives its closing."""

    content = b""

    def close(self) -> None:
        self.content = self.getvalue()
        super().close()


def seal(*pieces: bytes) -> bytes:
    file = Kept()
    with Sealer(file, KEY) as sealer:
        for piece in pieces:
            sealer.write(piece)
    return file.content


def unseal(sealed: bytes, key: bytes = KEY) -> bytes:
    return io.BufferedReader(Opener(cast(BinaryIO, io.BytesIO(sealed)), key, "rows")).read()


@given(st.lists(st.binary(max_size=50), max_size=5))
@example([])
@example([b"x" * FRAME_BYTES])
@example([b"x" * FRAME_BYTES, b"y"])
@example([b"x" * (2 * FRAME_BYTES + 1)])
def test_what_was_sealed_comes_back(pieces: list[bytes]) -> None:
    assert unseal(seal(*pieces)) == b"".join(pieces)


@given(st.integers(min_value=0, max_value=99))
def test_a_changed_byte_is_noticed(place: int) -> None:
    sealed = bytearray(seal(b"twenty bytes of text" * 3))
    sealed[place % len(sealed)] ^= 1

    with pytest.raises(CommandError):
        unseal(bytes(sealed))


@pytest.mark.parametrize("kept", [HEAD, HEAD + FRAME_BYTES + TAG_BYTES, HEAD + FRAME_BYTES + TAG_BYTES + 3])
def test_a_file_that_was_cut_off_is_noticed(kept: int) -> None:
    sealed = seal(b"x" * (2 * FRAME_BYTES + 5))

    with pytest.raises(CommandError, match="cut off"):
        unseal(sealed[:kept])


def test_frames_that_changed_places_are_noticed() -> None:
    sealed = seal(b"x" * FRAME_BYTES + b"y" * FRAME_BYTES + b"z")
    first, second = HEAD + FRAME_BYTES + TAG_BYTES, HEAD + 2 * (FRAME_BYTES + TAG_BYTES)

    with pytest.raises(CommandError):
        unseal(sealed[:HEAD] + sealed[first:second] + sealed[HEAD:first] + sealed[second:])


def test_another_key_opens_nothing() -> None:
    with pytest.raises(CommandError, match="RIVULET_BACKUP_KEY"):
        unseal(seal(b"text"), bytes(32))
