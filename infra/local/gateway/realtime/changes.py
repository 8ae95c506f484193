"""From logged changes to the frames that subscribers get: privileges, filters, row level security, JSON.

Shapes and rules as walrus (``realtime.apply_rls``) of hosted Supabase.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from infra.local.gateway.realtime import catalog, jsontext
from infra.local.gateway.realtime.catalog import Table
from infra.local.gateway.realtime.interest import Interest
from infra.local.gateway.realtime.matching import Matches, match
from infra.local.gateway.realtime.pgoutput import Operation
from infra.local.gateway.realtime.render import NULL, Rendered, render
from infra.local.gateway.realtime.rows import Event, Logged, event_of
from infra.local.gateway.realtime.sessions import Connection
from infra.local.gateway.realtime.visibility import check, group_of, is_checked

log = logging.getLogger(__name__)

CATALOG_SECONDS = 1.0
MAX_EVENT_BYTES = 1_048_576
MAX_FIELD_BYTES = 64  # of a column that is still told when the event as a whole is too large
COLUMN_OVERHEAD = 80  # bytes that a column's description takes in the log, about

#: Who is to be told what: the ``data`` of an event, the same object for all who are told the same.
Delivery = tuple[Interest, bytes]
Readable = dict[tuple[str, int], frozenset[str]]


class Catalog:
    """The catalog's answers, kept for a second or until the log shows that a table changed."""

    def __init__(self) -> None:
        self._tables: dict[int, tuple[float, Table | None]] = {}
        self._readable: dict[tuple[str, int], tuple[float, frozenset[str]]] = {}

    def forget(self) -> None:
        """Ask anew the next time; answers that are on their way are not kept either."""
        self._tables = {}
        self._readable = {}

    async def tables(self, session: Connection, oids: set[int]) -> dict[int, Table]:
        """Return those of the tables that exist."""
        kept, now = self._tables, time.monotonic()
        known = {oid: kept[oid] for oid in oids if oid in kept and kept[oid][0] > now}
        missing = oids - known.keys()
        if missing:
            found = await catalog.load_tables(session, missing)
            known |= {oid: (now + CATALOG_SECONDS, found.get(oid)) for oid in missing}
            kept |= known
        return {oid: table for oid, (_, table) in known.items() if table is not None}

    async def readable(self, session: Connection, pairs: set[tuple[str, int]]) -> Readable:
        """Return the columns that each role may SELECT of each table."""
        kept, now = self._readable, time.monotonic()
        known = {pair: kept[pair] for pair in pairs if pair in kept and kept[pair][0] > now}
        missing = pairs - known.keys()
        if missing:
            found = await catalog.load_readable(session, missing)
            known |= {pair: (now + CATALOG_SECONDS, columns) for pair, columns in found.items()}
            kept |= known
        return {pair: columns for pair, (_, columns) in known.items()}


async def evaluate(
    session: Connection, known: Catalog, batch: Sequence[Logged], interests_of: Callable[[int], Iterable[Interest]]
) -> list[Delivery]:
    """Return who is to be told what, in the order of the log. Raises psycopg.Error."""
    tables = await known.tables(session, {logged.change.oid for logged in batch})
    events = [event_of(logged, tables[logged.change.oid]) for logged in batch if logged.change.oid in tables]
    candidates: Matches = {event: _candidates(event, interests_of(event.table.oid)) for event in events}
    pairs = {(interest.role, event.table.oid) for event, found in candidates.items() for interest in found}
    readable = await known.readable(session, pairs)
    faults = {event: _faults(event, found, readable) for event, found in candidates.items()}
    sound: Matches = {
        event: [interest for interest in found if interest.role not in faults[event]]
        for event, found in candidates.items()
    }
    matches = await match(session, sound)
    visible = await check(session, matches)
    told: Matches = {
        event: [i for i in found if not is_checked(event) or (event, group_of(i)) in visible]
        for event, found in matches.items()
    }
    rendered = await _render(session, [event for event, found in told.items() if found])
    deliveries: list[Delivery] = []
    for event in events:
        deliveries += _refusals(event, candidates[event], faults[event])
        if told[event]:
            deliveries += _deliveries(event, told[event], readable, rendered[event])
    return deliveries


def _candidates(event: Event, interests: Iterable[Interest]) -> list[Interest]:
    return [interest for interest in interests if interest.binding.event in ("*", event.operation)]


# What cannot be told -------------------------------------------------------------------------------------------------


def _faults(event: Event, interests: Iterable[Interest], readable: Readable) -> dict[str, str]:
    """Return for each role that can be told nothing of the event the reason."""
    faults = {role: _fault(event.table, readable[role, event.table.oid]) for role in {i.role for i in interests}}
    if event.operation is Operation.DELETE:
        return {}
    return {role: fault for role, fault in faults.items() if fault}


def _fault(table: Table, readable: frozenset[str]) -> str | None:
    if not table.primary_key:
        return "Error 400: Bad Request, no primary key"
    if any(column.name not in readable for column in table.primary_key):
        return "Error 401: Unauthorized"
    return None


def _refusals(event: Event, interests: Iterable[Interest], faults: Mapping[str, str]) -> list[Delivery]:
    for role, fault in faults.items():
        log.warning("A change of %s.%s was not told to role %s: %s", event.table.schema, event.table.name, role, fault)
    told = {role: _refusal(event, fault) for role, fault in faults.items()}
    return [(i, told[i.role]) for i in interests if i.role in told]


def _refusal(event: Event, fault: str) -> bytes:
    return jsontext.dumps(
        {
            "schema": event.table.schema,
            "table": event.table.name,
            "type": event.operation,
            "commit_timestamp": None,
            "columns": [],
            "record": {},
            "errors": [fault],
        }
    )


# What is told --------------------------------------------------------------------------------------------------------


async def _render(session: Connection, events: Iterable[Event]) -> dict[Event, tuple[Rendered, Rendered]]:
    """Return the JSON of each event's new and old row."""
    by_table: dict[int, list[Event]] = {}
    for event in events:
        by_table.setdefault(event.table.oid, []).append(event)
    rendered: dict[Event, tuple[Rendered, Rendered]] = {}
    for group in by_table.values():
        images = [image for event in group for image in (event.new, event.old)]
        rows = await render(session, group[0].table, images)
        rendered |= {event: (rows[2 * i], rows[2 * i + 1]) for i, event in enumerate(group)}
    return rendered


def _deliveries(
    event: Event, interests: Iterable[Interest], readable: Readable, rendered: tuple[Rendered, Rendered]
) -> list[Delivery]:
    new, old = rendered
    if not new and not old:
        return []
    if event.operation is Operation.DELETE and event.table.secured:
        old = _only(old, {column.name for column in event.table.primary_key})
    made: dict[tuple[str, tuple[str, ...] | None], bytes] = {}
    deliveries = []
    for interest in interests:
        key = (interest.role, interest.binding.select)
        if key not in made:
            wanted = _wanted(event.table, readable[interest.role, event.table.oid], interest.binding.select)
            made[key] = _data(event, wanted, _only(new, wanted), _only(old, wanted))
        deliveries.append((interest, made[key]))
    return deliveries


def _wanted(table: Table, readable: frozenset[str], select: tuple[str, ...] | None) -> AbstractSet[str]:
    keys = {column.name for column in table.primary_key}
    return readable if select is None else readable & (keys | set(select))


def _data(event: Event, wanted: AbstractSet[str], new: Rendered, old: Rendered) -> bytes:
    """Return the ``data`` of an event for readers of the wanted columns."""
    columns = [{"name": c.name, "type": c.type_name} for c in event.table.columns if c.name in wanted]
    errors = NULL
    if _size(new) + _size(old) + COLUMN_OVERHEAD * len(event.table.columns) > MAX_EVENT_BYTES:
        errors = jsontext.dumps(["Error 413: Payload Too Large"])
        new, old = _short(new), _short(old)
    fields = {
        "schema": jsontext.dumps(event.table.schema),
        "table": jsontext.dumps(event.table.name),
        "type": jsontext.dumps(event.operation),
        "commit_timestamp": jsontext.dumps(event.committed_at),
        "columns": jsontext.dumps(columns),
        "errors": errors,
    }
    if event.operation is not Operation.DELETE:
        fields["record"] = jsontext.members(new)
    if event.operation is not Operation.INSERT:
        fields["old_record"] = jsontext.members(old)
    return jsontext.members(fields)


def _only(row: Rendered, names: AbstractSet[str]) -> Rendered:
    return {name: text for name, text in row.items() if name in names}


def _short(row: Rendered) -> Rendered:
    return {name: text for name, text in row.items() if len(text) <= MAX_FIELD_BYTES and text != NULL}


def _size(row: Rendered) -> int:
    return sum(len(name) + len(text) for name, text in row.items())
