"""Which events match a binding's filter. What is not plain equality is compared by PostgreSQL."""

import logging
from collections.abc import Sequence

from psycopg import sql

from infra.local.gateway.realtime.catalog import Table, TableColumn, sql_type
from infra.local.gateway.realtime.filters import Condition
from infra.local.gateway.realtime.interest import PATTERN_OPERATORS, Interest
from infra.local.gateway.realtime.rows import Event, Image
from infra.local.gateway.realtime.sessions import Connection

log = logging.getLogger(__name__)

OPERATORS = {
    "eq": "=",
    "neq": "<>",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
    "isdistinct": "is distinct from",
    **PATTERN_OPERATORS,
}

Matches = dict[Event, list[Interest]]


async def match(session: Connection, candidates: Matches) -> Matches:
    """Return for each event those of its candidates whose filter holds. Raises psycopg.Error."""
    plain = {
        event: [interest for interest in interests if _plainly_holds(interest, event)]
        for event, interests in candidates.items()
    }
    asked: dict[tuple[int, tuple[Condition, ...]], list[Event]] = {}
    for event, interests in plain.items():
        for conditions in {_other(interest, event) for interest in interests} - {()}:
            asked.setdefault((event.table.oid, conditions), []).append(event)
    held = {key: await _holding(session, events, key[1]) for key, events in asked.items()}
    return {
        event: [interest for interest in interests if _other_holds(interest, event, held)]
        for event, interests in plain.items()
    }


def _other(interest: Interest, event: Event) -> tuple[Condition, ...]:
    return interest.tests[event.table.oid].other


def _other_holds(interest: Interest, event: Event, held: dict[tuple[int, tuple[Condition, ...]], set[Event]]) -> bool:
    conditions = _other(interest, event)
    return not conditions or event in held[event.table.oid, conditions]


def _plainly_holds(interest: Interest, event: Event) -> bool:
    return all(_equal(condition, event.tested) for condition in interest.tests[event.table.oid].plain)


def _equal(condition: Condition, image: Image) -> bool:
    value = image.get(condition.column)
    wanted = condition.negated == (condition.operator == "neq")
    return value is not None and (value in condition.values) == wanted


async def _holding(session: Connection, events: Sequence[Event], conditions: tuple[Condition, ...]) -> set[Event]:
    """Return the events of one table on which all conditions hold."""
    table = events[0].table
    columns = [table.by_name.get(condition.column) for condition in conditions]
    told = [event for event in events if all(c.column in event.tested for c in conditions)]
    if not told or not all(column is not None and _comparable(table, column) for column in columns):
        return set()
    names = list(dict.fromkeys(condition.column for condition in conditions))
    tests = [_expression(c, table.by_name[c.column], names.index(c.column)) for c in conditions]
    values = [[_comparand(table.by_name[name], event.tested[name]) for event in told] for name in names]
    parameters = [*values, *(parameter for _, parameters in tests for parameter in parameters)]
    query = _query(len(names), [text for text, _ in tests])
    rows = await (await session.execute(query, parameters)).fetchall()
    return {told[row[0] - 1] for row in rows}


def _query(columns: int, tests: Sequence[sql.Composable]) -> sql.Composed:
    """Return a query that takes one array of texts for each column and returns the ordinals of the rows that pass."""
    names = [sql.Identifier(f"c{i}") for i in range(columns)]
    return sql.SQL("select n from unnest({}) with ordinality as r({}, n) where {}").format(
        sql.SQL(", ").join([sql.SQL("%s::text[]")] * columns),
        sql.SQL(", ").join(names),
        sql.SQL(" and ").join(tests),
    )


def _comparable(table: Table, column: TableColumn) -> bool:
    if column.category == "A" or column.base == "json":
        log.warning(
            "A filter on %s.%s.%s never matches: its type has no comparison that Realtime knows",
            table.schema,
            table.name,
            column.name,
        )
        return False
    return True


def _comparand(column: TableColumn, value: str | None) -> str | None:
    return value.removeprefix("\\x") if column.base == "bytea" and value is not None else value


def _expression(condition: Condition, column: TableColumn, index: int) -> tuple[sql.Composable, list[object]]:
    """Return the SQL of one condition on column ``c<index>``, and its parameters."""
    cast = sql.SQL("text") if column.base == "bytea" else sql_type(column)
    value = sql.SQL("r.{}::{}").format(sql.Identifier(f"c{index}"), cast)
    parameters: list[object] = []
    if condition.operator == "is":
        text = sql.SQL("{} is {}").format(value, sql.SQL(condition.values[0]))
    elif condition.operator == "in":
        text, parameters = sql.SQL("{} = any(%s::text[]::{}[])").format(value, cast), [list(condition.values)]
    else:
        operator = sql.SQL(OPERATORS[condition.operator])
        text, parameters = sql.SQL("{} {} %s::text::{}").format(value, operator, cast), [condition.values[0]]
    return sql.SQL("not ({})" if condition.negated else "({})").format(text), parameters
