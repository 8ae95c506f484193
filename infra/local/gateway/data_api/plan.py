"""From a parsed request and the picture of the database to the statement that answers it. Pure: nothing is sent."""
# ruff: noqa: S608 - only quoted names and places of parameters are put into the text

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

from infra.local.gateway.data_api.choose_function import choose_function
from infra.local.gateway.data_api.errors import ApiError, NotInCacheError, unsupported
from infra.local.gateway.data_api.payload import Payload
from infra.local.gateway.data_api.preferences import Accept, Preferences
from infra.local.gateway.data_api.query import Column, Field, Node, Query
from infra.local.gateway.data_api.render import Source, quote
from infra.local.gateway.data_api.render_call import SCALAR, posted_call_sql, queried_call_sql
from infra.local.gateway.data_api.render_read import ROW, ReadRenderer
from infra.local.gateway.data_api.render_write import (
    INSERTED,
    MERGED,
    conflict_sql,
    delete_sql,
    insert_sql,
    returning_sql,
    update_sql,
    written_source,
)
from infra.local.gateway.data_api.schema import Function, Schema, Table
from infra.local.gateway.wire import Statement

Kind = Literal["read", "insert", "update", "delete", "call"]
EXTRAS = "nullif(current_setting('response.headers', true), ''), nullif(current_setting('response.status', true), '')"
CSV_BODY = (
    f"(SELECT coalesce(string_agg(k, ','), '') FROM (SELECT json_object_keys(row_to_json(h)) AS k"
    f" FROM (SELECT * FROM rows LIMIT 1) h) keys) || E'\\n' ||"
    f" coalesce(string_agg(substring({ROW}::text, 2, length({ROW}::text) - 2), E'\\n'), '')"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement and what its answer means. Its row is: total, rows on this page, body, response headers, status.

    The total of an upsert is how many of its rows were inserted, not updated.
    """

    kind: Kind
    statement: Statement
    read_only: bool
    offset: int = 0
    estimate: Statement | None = None  # EXPLAIN whose estimated rows are the count ...
    exact_up_to: int = 0  # ... unless at most so many were counted
    single: bool = False  # exactly one row, or the transaction is undone
    silent: bool = False  # a function without a result
    key: tuple[str, ...] = ()  # primary key columns in the body, for the Location header


@dataclass(frozen=True, slots=True)
class Wish:
    """How the client wants its answer."""

    preferences: Preferences
    accept: Accept
    max_rows: int


def plan_read(schema: Schema, name: str, query: Query, wish: Wish) -> Plan:
    """Return the plan for reading a table or view."""
    table = find_table(schema, name)
    renderer = ReadRenderer(schema, wish.max_rows)
    source = renderer.table_source(table.name)
    origin = source.reference
    rows = renderer.select(query.root, source, origin)
    return _counted(renderer, "read", f"rows AS ({rows})", query.root, source, origin, wish, read_only=True)


def plan_call(schema: Schema, name: str, query: Query, raw: bytes | None, names: frozenset[str], wish: Wish) -> Plan:
    """Return the plan for calling a function; ``raw`` is the posted body with the arguments ``names``, None for GET."""
    function = choose_function(schema, name, names, raw is not None)
    if wish.preferences.max_affected is not None and not function.is_set:
        raise ApiError(
            400,
            "PGRST128",
            "Function must return SETOF or TABLE when max-affected preference is used with handling=strict",
        )
    renderer = ReadRenderer(schema, wish.max_rows)
    if raw is None:
        call = queried_call_sql(function, query.arguments, renderer.values)
    else:
        call = posted_call_sql(function, names, raw, renderer.values)
    source = Source(quote(name), schema.tables.get(function.returns_table or ""))
    origin = f"pgrst_source AS {quote(name)}"
    node = query.root if function.is_composite else replace(query.root, columns=[Column(Field("*"))], embeds=[])
    rows = renderer.select(node, source, origin)
    shape = _call_body(function, wish.accept)
    ctes = f"pgrst_source AS ({call}), rows AS ({rows})"
    plan = _counted(renderer, "call", ctes, node, source, origin, wish, raw is None or function.stable, shape)
    return replace(
        plan, single=wish.accept.shape == "object" and function.is_set, silent=function.is_void and not function.is_set
    )


def plan_insert(schema: Schema, name: str, query: Query, payload: Payload, wish: Wish) -> Plan:
    """Return the plan for inserting rows."""
    table = find_table(schema, name)
    renderer = ReadRenderer(schema, wish.max_rows)
    preferences = wish.preferences
    conflict = conflict_sql(table, payload, query.on_conflict, preferences.get("resolution"))
    write = insert_sql(table, payload, preferences.get("missing") == "default", conflict, renderer.values)
    return _written(renderer, "insert", schema, table, write, query.root, wish)


def plan_update(schema: Schema, name: str, query: Query, payload: Payload, wish: Wish) -> Plan:
    """Return the plan for updating rows; an empty object changes nothing."""
    table = find_table(schema, name)
    _refuse_range(query.root)
    renderer = ReadRenderer(schema, wish.max_rows)
    if not payload.keys:
        write = f"SELECT * FROM {quote(schema.name, table.name)} WHERE false"
        return _written(renderer, "update", schema, table, write, query.root, wish, returning=False)
    _need_where(query.root, "UPDATE")
    write = update_sql(table, payload, wish.preferences.get("missing") == "default", renderer.values)
    write += renderer.conditions(query.root.where, renderer.table_source(table.name))
    return _written(renderer, "update", schema, table, write, query.root, wish)


def plan_delete(schema: Schema, name: str, query: Query, wish: Wish) -> Plan:
    """Return the plan for deleting rows."""
    table = find_table(schema, name)
    _refuse_range(query.root)
    _need_where(query.root, "DELETE")
    renderer = ReadRenderer(schema, wish.max_rows)
    write = delete_sql(table) + renderer.conditions(query.root.where, renderer.table_source(table.name))
    return _written(renderer, "delete", schema, table, write, query.root, wish)


def find_table(schema: Schema, name: str) -> Table:
    """Return a table or view; raises ApiError (PGRST205)."""
    if name not in schema.tables:
        near = _nearest(name, list(schema.tables))
        raise NotInCacheError(
            404,
            "PGRST205",
            f"Could not find the table '{schema.name}.{name}' in the schema cache",
            None,
            f"Perhaps you meant the table '{schema.name}.{near}'" if near else None,
        )
    return schema.tables[name]


def _nearest(name: str, names: list[str]) -> str | None:
    return next(iter(get_close_matches(name, names, 1)), None)


def _counted(
    renderer: ReadRenderer,
    kind: Kind,
    ctes: str,
    node: Node,
    source: Source,
    origin: str,
    wish: Wish,
    read_only: bool,
    body: str | None = None,
) -> Plan:
    """Return the plan for rows in the CTE ``rows``, with the count that was asked for."""
    count, total, estimate = wish.preferences.get("count"), "null", None
    if count in ("exact", "estimated"):
        limit = f" LIMIT {wish.max_rows + 1}" if count == "estimated" else ""
        ctes += f", counted AS ({renderer.count(node, source, origin)}{limit})"
        total = "(SELECT count(*) FROM counted)"
    if count in ("planned", "estimated") and kind == "read":
        explained = ReadRenderer(renderer.schema, wish.max_rows)
        counted = explained.count(node, source, origin)
        estimate = Statement(f"EXPLAIN (FORMAT JSON) {counted}", tuple(explained.values.all))
    shown = body or _body(wish.accept)
    text = f"WITH {ctes} SELECT {total}, count({ROW}), {shown}, {EXTRAS} FROM (SELECT * FROM rows) {ROW}"
    return Plan(
        kind,
        Statement(text, tuple(renderer.values.all)),
        read_only,
        node.offset,
        estimate,
        wish.max_rows,
        wish.accept.shape == "object",
    )


def _written(
    renderer: ReadRenderer,
    kind: Kind,
    schema: Schema,
    table: Table,
    write: str,
    node: Node,
    wish: Wish,
    returning: bool = True,
) -> Plan:
    """Return the plan for a write, given without its RETURNING."""
    wanted = wish.preferences.get("return")
    shown: Node | None = None
    key: tuple[str, ...] = ()
    if wanted == "representation":
        shown = node
    elif wanted == "headers-only" and kind == "insert" and table.primary_key:
        key = table.primary_key
    text = write + (returning_sql(schema, table, shown) if not key else _returning_key(table)) if returning else write
    rows = written_source(renderer, table, shown) if shown else "SELECT * FROM pgrst_source"
    total = INSERTED if kind == "insert" and write.endswith(MERGED) else "null"
    first_key = f"coalesce((json_agg({ROW}) -> 0)::text, '')"
    # Each is an aggregate, so that the answer is one row, made when all rows are written.
    body = _body(wish.accept) if shown else first_key if key else "max('')"
    text = (
        f"WITH pgrst_source AS ({text}), rows AS ({rows}) SELECT {total}, (SELECT count(*) FROM pgrst_source), {body},"
        f" {EXTRAS} FROM (SELECT * FROM rows) {ROW}"
    )
    return Plan(
        kind,
        Statement(text, tuple(renderer.values.all)),
        False,
        key=key,
        single=wish.accept.shape == "object" and shown is not None,
    )


def _returning_key(table: Table) -> str:
    return " RETURNING " + ", ".join(f"{quote(table.schema, table.name)}.{quote(name)}" for name in table.primary_key)


def _body(accept: Accept) -> str:
    if accept.shape == "csv":
        return CSV_BODY
    rows = f"json_strip_nulls(json_agg({ROW}))" if accept.strip_nulls else f"json_agg({ROW})"
    return f"coalesce(({rows} -> 0)::text, 'null')" if accept.shape == "object" else f"coalesce({rows}, '[]')"


def _call_body(function: Function, accept: Accept) -> str:
    if function.is_void:
        return "''"
    if function.is_composite:
        return (
            _body(accept)
            if function.is_set or accept.shape == "csv"
            else f"coalesce((json_agg({ROW}) -> 0)::text, 'null')"
        )
    values = f"json_agg({ROW}.{SCALAR})"
    return (
        f"coalesce({values}, '[]')"
        if function.is_set and accept.shape != "object"
        else f"coalesce(({values} -> 0)::text, 'null')"
    )


def _need_where(node: Node, verb: str) -> None:
    """Refuse to change a whole table, as hosted Supabase's safeupdate does."""
    if not node.where:
        raise ApiError(400, "21000", f"{verb} requires a WHERE clause")


def _refuse_range(node: Node) -> None:
    if node.limit is not None or node.offset:
        raise unsupported("limit or offset on an update or delete")
