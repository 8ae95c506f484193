"""Reading of PostgreSQL's logical replication messages, ``pgoutput`` protocol version 1. Pure.

Layouts: PostgreSQL documentation, "Logical Replication Message Formats". Numbers are big-endian, texts end with NUL,
times are microseconds since 2000-01-01 UTC.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_CHANGES = (ord("I"), ord("U"), ord("D"))


class PgoutputError(ValueError):
    """Bytes that are no message of the protocol."""


class Unchanged(Enum):
    """Stands for a long value that an update did not touch, so that the log does not hold it."""

    TOAST = "unchanged"


class Operation(StrEnum):
    """What happened to a row."""

    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


Value = str | None | Unchanged
Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Begin:
    """The start of a transaction; ``xid`` is the 32-bit number of the top transaction."""

    xid: int
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class Commit:
    """The end of a transaction."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the log describes it; ``key`` marks the replica identity's."""

    name: str
    type_oid: int
    key: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """A table as the log describes it; ``identity`` is ``d``, ``n``, ``f`` or ``i`` (pg_class.relreplident)."""

    oid: int
    schema: str
    name: str
    identity: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A changed row; ``old`` holds only the key columns, the others None, unless ``old_whole``."""

    oid: int
    operation: Operation
    new: Row | None
    old: Row | None = None
    old_whole: bool = False


def change_of(data: bytes) -> int | None:
    """Return the table's oid if ``data`` is a row change: enough to skip it unread."""
    if data[:1] and data[0] in _CHANGES and len(data) >= 5:
        return int.from_bytes(data[1:5], "big")
    return None


def decode(data: bytes) -> Begin | Commit | Relation | Change | None:
    """Return the message; None for kinds that say nothing about rows. Raises PgoutputError."""
    reader = _Reader(data)
    try:
        match reader.char():
            case "B":
                return _begin(reader)
            case "C":
                return Commit()
            case "R":
                return _relation(reader)
            case "I":
                oid = reader.number(4)
                reader.expect("N")
                return Change(oid, Operation.INSERT, reader.row())
            case "U":
                return _update(reader)
            case "D":
                return _delete(reader)
            case "T" | "O" | "M" | "Y":
                return None
    except (struct.error, IndexError, UnicodeDecodeError, OverflowError) as error:
        raise PgoutputError(f"damaged message: {error}") from None
    raise PgoutputError(f"unknown message {data[:1]!r}")


def _begin(reader: "_Reader") -> Begin:
    reader.number(8)
    microseconds = reader.number(8)
    return Begin(reader.number(4), EPOCH + timedelta(microseconds=microseconds))


def _relation(reader: "_Reader") -> Relation:
    oid, schema, name, identity = reader.number(4), reader.text(), reader.text(), reader.char()
    columns = []
    for _ in range(reader.number(2)):
        flags, column, type_oid = reader.number(1), reader.text(), reader.number(4)
        reader.number(4)
        columns.append(Column(column, type_oid, bool(flags & 1)))
    return Relation(oid, schema, name, identity, tuple(columns))


def _update(reader: "_Reader") -> Change:
    oid, kind = reader.number(4), reader.char()
    old = None
    if kind in ("K", "O"):
        old = reader.row()
        reader.expect("N")
    elif kind != "N":
        raise PgoutputError(f"unknown part {kind!r} of an update")
    return Change(oid, Operation.UPDATE, reader.row(), old, kind == "O")


def _delete(reader: "_Reader") -> Change:
    oid, kind = reader.number(4), reader.char()
    if kind not in ("K", "O"):
        raise PgoutputError(f"unknown part {kind!r} of a deletion")
    return Change(oid, Operation.DELETE, None, reader.row(), kind == "O")


class _Reader:
    """A position in a message."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        part = self._data[self._at : self._at + size]
        if len(part) != size:
            raise IndexError("it ends early")
        self._at += size
        return part

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def char(self) -> str:
        return self.take(1).decode("ascii")

    def expect(self, char: str) -> None:
        if self.char() != char:
            raise PgoutputError(f"{char!r} is expected")

    def text(self) -> str:
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise IndexError("a text does not end")
        part = self._data[self._at : end].decode()
        self._at = end + 1
        return part

    def row(self) -> Row:
        return tuple(self._value() for _ in range(self.number(2)))

    def _value(self) -> Value:
        match self.char():
            case "n":
                return None
            case "u":
                return Unchanged.TOAST
            case "t":
                return self.take(self.number(4)).decode()
        raise PgoutputError("unknown kind of value")
