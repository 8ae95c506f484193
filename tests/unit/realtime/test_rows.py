"""What a logged change tells, for each replica identity."""

from datetime import UTC, datetime

import pytest

from infra.local.gateway.realtime.catalog import Table, TableColumn
from infra.local.gateway.realtime.pgoutput import Change, Column, Operation, Relation, Unchanged
from infra.local.gateway.realtime.rows import Event, Image, Logged, event_of, timestamp

MOMENT = datetime(2026, 11, 22, 10, 11, 12, 345999, UTC)
TABLE = Table(
    1,
    "public",
    "t",
    secured=False,
    columns=(
        TableColumn("id", "int8", "pg_catalog.int8", "int8", "N", True, True),
        TableColumn("body", "text", "pg_catalog.text", "text", "S", False, True),
    ),
)
UNCHANGED = Unchanged.TOAST


def told(change: Change, identity: str = "d") -> Event:
    columns = (Column("id", 20, True), Column("body", 25, identity == "f"))
    return event_of(Logged(change, Relation(1, "public", "t", identity, columns), 7, MOMENT), TABLE)


@pytest.mark.parametrize(
    ("change", "identity", "new", "old", "tested"),
    [
        (Change(1, Operation.INSERT, ("1", None)), "d", {"id": "1", "body": None}, {}, {"id": "1", "body": None}),
        (Change(1, Operation.UPDATE, ("1", "b")), "d", {"id": "1", "body": "b"}, {"id": "1"}, {"id": "1", "body": "b"}),
        (Change(1, Operation.UPDATE, ("1", UNCHANGED)), "d", {"id": "1"}, {"id": "1"}, {"id": "1"}),
        (
            Change(1, Operation.UPDATE, ("2", "b"), ("1", None)),
            "d",
            {"id": "2", "body": "b"},
            {"id": "1"},
            {"id": "2", "body": "b"},
        ),
        (
            Change(1, Operation.UPDATE, ("1", UNCHANGED), ("1", "long"), True),
            "f",
            {"id": "1", "body": "long"},
            {"id": "1", "body": "long"},
            {"id": "1"},
        ),
        (Change(1, Operation.DELETE, None, ("1", None)), "d", {}, {"id": "1"}, {"id": "1"}),
        (
            Change(1, Operation.DELETE, None, ("1", "b"), True),
            "f",
            {},
            {"id": "1", "body": "b"},
            {"id": "1", "body": "b"},
        ),
    ],
)
def test_rows_before_and_after(change: Change, identity: str, new: Image, old: Image, tested: Image) -> None:
    event = told(change, identity)
    assert (event.new, event.old, event.tested) == (new, old, tested)


def test_milliseconds_are_cut_not_rounded() -> None:
    assert timestamp(MOMENT) == "2026-11-22T10:11:12.345Z"
