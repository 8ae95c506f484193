"""A warm process whose readers do what a file tells them: what a broken reader might do, on purpose."""

import ctypes
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from functions.effects.parsing import nursery
from functions.effects.parsing.reading import Reading
from functions.effects.parsing.source import Plan, Source
from schema.documents import Block, BlockKind, Part


def cruel(_: Reading, source: Source) -> Iterator[Part | Plan]:
    """The parts of a file in the words of this module: one deed for each line."""
    lines = source.data.decode().splitlines()
    if lines[0] == "pages":
        yield from _pages(lines[1:], source)
        return
    for line in lines:
        deed, _space, rest = line.partition(" ")
        yield Part(blocks=[_said(_DEEDS[deed](rest) if deed in _DEEDS else line)])
    yield Part(mime="text/plain")


def _pages(lines: list[str], source: Source) -> Iterator[Part | Plan]:
    step = source.step or 2
    yield Plan(len(lines), step)
    for first in range(source.first_page - 1, len(lines), step):
        texts = [_DEEDS[line](line) if line in _DEEDS else line for line in lines[first : first + step]]
        yield Part(blocks=[_said(text) for text in texts], pages_read=min(first + step, len(lines)))
    yield Part(mime="application/pdf", pages=len(lines), pages_read=len(lines))


def _said(text: str) -> Block:
    return Block(kind=BlockKind.PARAGRAPH, text=text)


def _hang(_: str) -> str:
    while True:
        time.sleep(1)


def _crash(_: str) -> str:
    return ctypes.string_at(0).decode()


def _eat(_: str) -> str:
    hoard = []
    while True:
        hoard.append(bytearray(b"x" * 10_000_000))


def _spin(_: str) -> str:
    while True:
        pass


def _flood(_: str) -> str:
    return "x" * 10_000_000


def _write(path: str) -> str:
    try:
        Path(path).write_text("was here")
    except OSError as error:
        return f"refused: {type(error).__name__}"
    return "written"


def _touch(path: str) -> str:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    except OSError as error:
        return f"refused: {type(error).__name__}"
    return "made"


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError as error:
        return f"refused: {type(error).__name__}"


def _connect(port: str) -> str:
    try:
        socket.create_connection(("127.0.0.1", int(port)), timeout=2).close()
    except OSError as error:
        return f"refused: {type(error).__name__}"
    return "connected"


def _environment(name: str) -> str:
    return os.environ.get(name, "unset")


_DEEDS = {
    "hang": _hang, "crash": _crash, "eat": _eat, "spin": _spin, "flood": _flood, "write": _write, "touch": _touch,
    "read": _read, "connect": _connect, "environment": _environment,
}  # fmt: skip


if __name__ == "__main__":
    Reading.parts = cruel  # type: ignore[method-assign, assignment]
    nursery.main(int(sys.argv[1]))
