"""Changed rows as the log tells them, joined with the tables as they are now. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime

from infra.local.gateway.realtime.catalog import Table
from infra.local.gateway.realtime.pgoutput import Change, Operation, Relation, Row, Unchanged

#: A row's values as PostgreSQL writes them; columns that the log does not tell are left out.
Image = dict[str, str | None]


@dataclass(frozen=True)
class Logged:
    """A change with what the log said around it."""

    change: Change
    relation: Relation
    xid: int
    committed_at: datetime


@dataclass(frozen=True, eq=False)
class Event:
    """A change of a row of ``table``.

    ``new`` is the row after it, ``tested`` the part of the row that filters may look at, ``old`` what is told of the
    row before: all of it or its key.
    """

    table: Table
    operation: Operation
    committed_at: str
    new: Image
    old: Image
    tested: Image


def event_of(logged: Logged, table: Table) -> Event:
    """Return the event that a logged change is."""
    change, relation = logged.change, logged.relation
    new = image_of(relation, change.new) if change.new is not None else {}
    old = _old(relation, change, new)
    whole = {**old, **new} if change.old_whole and change.new is not None else new
    tested = old if change.operation is Operation.DELETE else new
    return Event(table, change.operation, timestamp(logged.committed_at), whole, old, tested)


def timestamp(moment: datetime) -> str:
    """Return a time in UTC with milliseconds, as Realtime writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def image_of(relation: Relation, row: Row) -> Image:
    """Return what the log tells of a row, by column."""
    pairs = zip(relation.columns, row, strict=False)
    return {column.name: value for column, value in pairs if not isinstance(value, Unchanged)}


def _old(relation: Relation, change: Change, new: Image) -> Image:
    if change.operation is Operation.INSERT:
        return {}
    old = image_of(relation, change.old) if change.old is not None else new
    if change.old_whole:
        return old
    keys = {column.name for column in relation.columns if column.key}
    return {name: value for name, value in old.items() if name in keys}
