"""Writes small compound files, the container of Outlook's messages and of old Office files (MS-CFB)."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

SECTOR, PIECE = 512, 64  # bytes; streams of less than 4,096 are kept in pieces
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_STORAGE, _STREAM, _ROOT = 1, 2, 5
Tree = Mapping[str, "bytes | Tree"]


@dataclass
class _Entry:
    name: str
    kind: int
    next: int = _FREE
    child: int = _FREE
    start: int = 0
    size: int = 0

    def packed(self) -> bytes:
        name = self.name.encode("utf-16-le")
        head = name.ljust(64, b"\0") + struct.pack("<HBB", len(name) + 2, self.kind, 1)
        return head + struct.pack("<III36xIQ", _FREE, self.next, self.child, self.start, self.size)


def compound(tree: Tree) -> bytes:
    """A file with these streams, those of a mapping in a storage of their own."""
    entries, pieces, chains = [_Entry("Root Entry", _ROOT)], bytearray(), list[int]()
    entries[0].child = _add(tree, entries, pieces, chains)
    directory = b"".join(entry.packed() for entry in entries)
    directory = directory.ljust(-(-len(directory) // SECTOR) * SECTOR, b"\0")
    first_piece = 2 + len(directory) // SECTOR
    entries[0].start, entries[0].size = first_piece, len(pieces)
    directory = entries[0].packed() + directory[128:]
    stored = bytes(pieces).ljust(-(-len(pieces) // SECTOR) * SECTOR, b"\0")
    last = first_piece + len(stored) // SECTOR
    table = [_FAT, _END, *_chain(2, first_piece), *_chain(first_piece, last)]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + struct.pack("<16xHHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIIII", 0, 1, 2, 0, 4096, 1, 1, _END, 0, 0) + b"\xff" * 432
    return header + _sector(table) + _sector(chains) + directory + stored


def _add(tree: Tree, entries: list[_Entry], pieces: bytearray, chains: list[int]) -> int:
    """Append the entries of a storage, each pointing to the next; the number of the first."""
    names = sorted(tree, key=lambda name: (len(name), name.upper()))
    numbers = range(len(entries), len(entries) + len(names))
    entries += [_Entry(name, _STORAGE) for name in names]
    for number, name, following in zip(numbers, names, [*numbers[1:], _FREE], strict=True):
        entry, content = entries[number], tree[name]
        entry.next = following
        if isinstance(content, bytes):
            entry.kind, entry.size, entry.start = _STREAM, len(content), len(chains) if content else _END
            pieces += content.ljust(-(-len(content) // PIECE) * PIECE, b"\0")
            chains += _chain(len(chains), len(pieces) // PIECE)
        else:
            entry.child = _add(content, entries, pieces, chains)
    return numbers[0]


def _chain(first: int, last: int) -> list[int]:
    return [*range(first + 1, last), _END] if last > first else []


def _sector(numbers: list[int]) -> bytes:
    return struct.pack("<128I", *numbers, *[_FREE] * (128 - len(numbers)))
