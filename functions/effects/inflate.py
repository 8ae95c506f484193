"""Undoes the compression of a web server's answer, in pieces of bounded size: a few bytes may stand for terabytes."""

import zlib
from collections.abc import Iterator

from schema.errors import PermanentError, TransientError

PIECE_BYTES = 256 * 1024
ENCODINGS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class Plain:
    """An answer that is not compressed."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bytes that `data` stands for."""
        yield data

    def end(self) -> None:
        """Nothing more comes."""


class Inflating:
    """A compressed answer. Raises `TransientError` for one that is damaged or cut short."""

    def __init__(self, window: int) -> None:
        self._stream = zlib.decompressobj(window)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bytes that `data` stands for, in pieces; take no more of them than you have room for."""
        rest = data
        while rest and not self._stream.eof:
            try:
                piece = self._stream.decompress(rest, PIECE_BYTES)
            except zlib.error as error:
                raise _broken() from error
            rest = self._stream.unconsumed_tail
            if piece:
                yield piece

    def end(self) -> None:
        """Nothing more comes."""
        if not self._stream.eof:
            raise _broken()


def reader_of(encoding: str | None) -> Plain | Inflating:
    """What reads an answer with this `Content-Encoding`. Raises `PermanentError` for one that nobody asked for."""
    name = (encoding or "identity").strip().lower()
    if name == "identity":
        return Plain()
    if name not in ENCODINGS:
        raise PermanentError("bad_answer", "The web server answered in a compression that is not read.")
    return Inflating(ENCODINGS[name])


def _broken() -> TransientError:
    return TransientError("bad_answer", "The web server's answer is damaged or was cut short.")
