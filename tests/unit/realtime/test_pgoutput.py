"""Reading of the replication protocol, against an encoder written from PostgreSQL's documentation."""

import struct
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.gateway.realtime import pgoutput
from infra.local.gateway.realtime.pgoutput import Begin, Change, Column, Commit, Operation, Relation, Row, Unchanged

NAME = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
OID = st.integers(1, 2**32 - 1)
VALUE = st.none() | st.just(Unchanged.TOAST) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ROW = st.lists(VALUE, max_size=8).map(tuple)


def tuple_data(row: Row) -> bytes:
    return struct.pack("!H", len(row)) + b"".join(map(value_data, row))


def value_data(value: str | Unchanged | None) -> bytes:
    if value is None:
        return b"n"
    if isinstance(value, Unchanged):
        return b"u"
    return b"t" + struct.pack("!I", len(value.encode())) + value.encode()


@given(OID, NAME, NAME, st.sampled_from("dnfi"), st.lists(st.builds(Column, NAME, OID, st.booleans()), max_size=6))
def test_tables_are_read(oid: int, schema: str, name: str, identity: str, columns: list[Column]) -> None:
    data = b"R" + struct.pack("!I", oid) + schema.encode() + b"\0" + name.encode() + b"\0" + identity.encode()
    data += struct.pack("!H", len(columns))
    for column in columns:
        data += bytes([column.key]) + column.name.encode() + b"\0" + struct.pack("!Ii", column.type_oid, -1)
    assert pgoutput.decode(data) == Relation(oid, schema, name, identity, tuple(columns))


@given(OID, ROW)
def test_insertions_are_read(oid: int, row: Row) -> None:
    data = b"I" + struct.pack("!I", oid) + b"N" + tuple_data(row)
    assert pgoutput.decode(data) == Change(oid, Operation.INSERT, row)
    assert pgoutput.change_of(data) == oid


@given(OID, st.sampled_from("KO"), ROW, ROW)
def test_updates_and_deletions_are_read(oid: int, kind: str, old: Row, new: Row) -> None:
    head, whole = struct.pack("!I", oid), kind == "O"
    update = b"U" + head + kind.encode() + tuple_data(old) + b"N" + tuple_data(new)
    assert pgoutput.decode(update) == Change(oid, Operation.UPDATE, new, old, whole)
    assert pgoutput.decode(b"U" + head + b"N" + tuple_data(new)) == Change(oid, Operation.UPDATE, new)
    assert pgoutput.decode(b"D" + head + kind.encode() + tuple_data(old)) == Change(
        oid, Operation.DELETE, None, old, whole
    )


@given(st.integers(0, 2**32 - 1), st.integers(0, 10**16))
def test_transactions_are_read(xid: int, microseconds: int) -> None:
    data = b"B" + struct.pack("!QQI", 0, microseconds, xid)
    moment = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    assert pgoutput.decode(data) == Begin(xid, moment)
    assert pgoutput.decode(b"C" + bytes(25)) == Commit()
    assert pgoutput.change_of(data) is None


@given(st.binary(max_size=100))
def test_no_bytes_do_harm(data: bytes) -> None:
    for message in (data, *(kind + data for kind in (b"B", b"R", b"I", b"U", b"D"))):
        try:
            pgoutput.decode(message)
        except pgoutput.PgoutputError:
            continue


@given(ROW.filter(bool), st.data())
def test_a_message_that_ends_early_is_refused(row: Row, data: st.DataObject) -> None:
    whole = b"I" + struct.pack("!I", 1) + b"N" + tuple_data(row)
    with pytest.raises(pgoutput.PgoutputError):
        pgoutput.decode(whole[: data.draw(st.integers(0, len(whole) - 1))])


@pytest.mark.parametrize("data", [b"", b"X", b"U\0\0\0\1Z", b"D\0\0\0\1N", b"I\0\0\0\1K"])
def test_unknown_messages_are_refused(data: bytes) -> None:
    with pytest.raises(pgoutput.PgoutputError):
        pgoutput.decode(data)
