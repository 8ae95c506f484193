"""Row-change bindings made active: checked against the catalog and the role's privileges, ready to be matched."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from infra.local.gateway.realtime import catalog, jsontext
from infra.local.gateway.realtime.bindings import Binding
from infra.local.gateway.realtime.catalog import Table, TableColumn, sql_type
from infra.local.gateway.realtime.filters import MAX_IN_VALUES, BindingError, Condition
from infra.local.gateway.realtime.sessions import Connection
from infra.local.gateway.realtime.tokens import Claims

if TYPE_CHECKING:
    from infra.local.gateway.realtime.channel import Channel

#: Types whose values are equal if and only if PostgreSQL writes them alike.
PLAIN_TYPES = frozenset({"int2", "int4", "int8", "bool", "uuid", "text", "varchar"})
PATTERN_OPERATORS = {"like": "~~", "ilike": "~~*", "match": "~", "imatch": "~*"}

_OPERATOR = "select 1 from pg_catalog.pg_operator where oprname = %s and oprleft = %s::regtype"
_ROLE = "select 1 from pg_catalog.pg_roles where rolname = %s"


@dataclass(frozen=True)
class Test:
    """A binding's filter for one table: what compares as text, and what PostgreSQL has to compare."""

    plain: tuple[Condition, ...] = ()
    other: tuple[Condition, ...] = ()


@dataclass(frozen=True, eq=False)
class Interest:
    """One active binding of a channel, with the role and claims that it was made with."""

    channel: "Channel"
    binding: Binding
    role: str
    claims: str
    tests: dict[int, Test]


async def activate(
    session: Connection, channel: "Channel", bindings: Iterable[Binding], claims: Claims
) -> list[Interest]:
    """Return a channel's active bindings. Raises BindingError, psycopg.Error."""
    role, members = str(claims["role"]), await catalog.load_members(session)
    interests = []
    for binding in bindings:
        oids = [oid for oid, names in members.items() if binding.matches(*names)]
        if not oids:
            raise BindingError(
                "Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given "
                f"connect parameters: {binding}"
            )
        tests = await _tests(session, binding, role, oids)
        interests.append(Interest(channel, binding, role, jsontext.dumps(claims).decode(), tests))
    return interests


async def _tests(session: Connection, binding: Binding, role: str, oids: list[int]) -> dict[int, Test]:
    try:
        await _check_role(session, role)
        if not binding.conditions and binding.select is None:
            return dict.fromkeys(oids, Test())
        tables = await catalog.load_tables(session, oids)
        readable = await catalog.load_readable(session, [(role, oid) for oid in tables])
        return {oid: await _test(session, binding, table, readable[role, oid]) for oid, table in tables.items()}
    except (psycopg.DataError, psycopg.ProgrammingError) as error:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
        raise _refused(binding, f"{error.sqlstate} ({name}) {error.diag.message_primary}") from None


async def _check_role(session: Connection, role: str) -> None:
    if not await (await session.execute(_ROLE, [role])).fetchone():
        raise psycopg.errors.InvalidParameterValue(f'role "{role}" does not exist')


async def _test(session: Connection, binding: Binding, table: Table, readable: frozenset[str]) -> Test:
    for name in binding.select or ():
        if name not in readable:
            raise _refused(binding, f"P0001 (raise_exception) invalid column for select {name}")
    plain: list[Condition] = []
    other: list[Condition] = []
    for condition in binding.conditions:
        if condition.column not in readable:
            raise _refused(binding, f"P0001 (raise_exception) invalid column for filter {condition.column}")
        column = table.by_name[condition.column]
        checked = await _checked(session, binding, condition, column)
        (plain if _is_plain(checked, column) else other).append(checked)
    return Test(tuple(plain), tuple(other))


def _is_plain(condition: Condition, column: TableColumn) -> bool:
    return condition.operator in ("eq", "neq", "in") and column.type_name in PLAIN_TYPES and column.deterministic


async def _checked(session: Connection, binding: Binding, condition: Condition, column: TableColumn) -> Condition:
    """Return the condition with its values as PostgreSQL writes them. Raises what shows that they do not fit."""
    if condition.operator == "is":
        if condition.values[0] != "null" and column.base != "bool":
            text = f"argument of IS {condition.values[0].upper()} must be type boolean, not type {column.type_name}"
            raise _refused(binding, f"42804 (datatype_mismatch) {text}")
        return condition
    if len(condition.values) > MAX_IN_VALUES:
        raise _refused(binding, f"P0001 (raise_exception) too many values for `in` filter. Maximum {MAX_IN_VALUES}")
    if operator := PATTERN_OPERATORS.get(condition.operator):
        if not await (await session.execute(_OPERATOR, [operator, column.sql_type])).fetchone():
            text = f"operator does not exist: {column.type_name} {operator} {column.type_name}"
            raise _refused(binding, f"42883 (undefined_function) {text}")
        return condition
    rows = await (await session.execute(_written(column), [list(condition.values)])).fetchall()
    if column.base == "bytea":
        return condition  # bytes are compared as the hexadecimal digits that clients see
    return replace(condition, values=tuple(row[0] for row in rows))


def _written(column: TableColumn) -> sql.Composed:
    query = "select pg_catalog.format('%%s', v::{}) from unnest(%s::text[]) with ordinality as r(v, n) order by n"
    return sql.SQL(query).format(sql_type(column))


def _refused(binding: Binding, exception: str) -> BindingError:
    return BindingError(
        "Unable to subscribe to changes with given parameters. An exception happened so please check your connect "
        f"parameters: {binding}. Exception: ERROR {exception}"
    )
