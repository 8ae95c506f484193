"""INSERT, UPDATE and DELETE from a JSON body, returning what the answer needs and no more."""
# ruff: noqa: S608 - only quoted names and places of parameters are put into the text

from infra.local.gateway.data_api.errors import NotInCacheError
from infra.local.gateway.data_api.payload import Payload
from infra.local.gateway.data_api.query import Node
from infra.local.gateway.data_api.relate import relate
from infra.local.gateway.data_api.render import Values, quote
from infra.local.gateway.data_api.render_read import ReadRenderer
from infra.local.gateway.data_api.schema import Schema, Table, TableColumn

#: How many rows an upsert has inserted so far, in its transaction.
INSERTED = "coalesce(nullif(current_setting('pgrst.inserted', true), ''), '0')::int"

#: How the clause of an upsert that updates ends, unlike any other.
MERGED = " <> '-1'"


def insert_sql(table: Table, payload: Payload, use_defaults: bool, conflict: str, values: Values) -> str:
    """Return the INSERT without RETURNING; ``conflict`` is the ON CONFLICT clause or empty."""
    target = quote(table.schema, table.name)
    if not payload.keys and not payload.many:
        return f"INSERT INTO {target} DEFAULT VALUES{conflict}"
    columns = _columns(table, payload.keys)
    names = ", ".join(quote(column.name) for column in columns)
    rows = _rows_sql(columns, payload, use_defaults, values)
    listed = f" ({names})" if names else ""
    counted = f" WHERE {_count(1)} <> '0'" if conflict.endswith(MERGED) else ""
    return f"INSERT INTO {target}{listed} SELECT {names} FROM {rows}{counted}{conflict}"


def conflict_sql(table: Table, payload: Payload, target: tuple[str, ...] | None, resolution: str | None) -> str:
    """Return the ON CONFLICT clause for a resolution, empty if there is none or nothing to conflict with."""
    keys = target if target is not None else table.primary_key
    if resolution is None or not keys:
        return ""
    _columns(table, keys)
    names = ", ".join(quote(name) for name in keys)
    if resolution == "ignore-duplicates" or not payload.keys:
        return f" ON CONFLICT ({names}) DO NOTHING"
    settings = ", ".join(f"{quote(name)} = EXCLUDED.{quote(name)}" for name in payload.keys)
    return f" ON CONFLICT ({names}) DO UPDATE SET {settings} WHERE {_count(-1)}{MERGED}"


def _count(step: int) -> str:
    """Return an expression, never null, that counts rows as they are inserted, or takes back one that is updated."""
    return f"set_config('pgrst.inserted', ({INSERTED} + {step})::text, true)"


def update_sql(table: Table, payload: Payload, use_defaults: bool, values: Values) -> str:
    """Return the UPDATE up to, not including, its WHERE."""
    columns = _columns(table, payload.keys)
    settings = ", ".join(f"{quote(column.name)} = body.{quote(column.name)}" for column in columns)
    rows = _rows_sql(columns, payload, use_defaults, values)
    names = ", ".join(quote(column.name) for column in columns)
    source = f"(SELECT {names} FROM {rows} LIMIT 1) AS body"
    return f"UPDATE {quote(table.schema, table.name)} SET {settings} FROM {source}"


def delete_sql(table: Table) -> str:
    """Return the DELETE up to, not including, its WHERE."""
    return f"DELETE FROM {quote(table.schema, table.name)}"


def returning_sql(schema: Schema, table: Table, node: Node | None) -> str:
    """Return the RETURNING clause with what ``node`` shows, so that no right to read is needed for more."""
    names = _wanted(schema, table, node) if node is not None else []
    if not names:
        return " RETURNING 1"
    reference = quote(table.schema, table.name)
    if "*" in names:
        return f" RETURNING {reference}.*"
    return " RETURNING " + ", ".join(f"{reference}.{quote(name)}" for name in dict.fromkeys(names))


def written_source(renderer: ReadRenderer, table: Table, node: Node) -> str:
    """Return the SELECT that shows the written rows, which stand in ``pgrst_source``."""
    source = renderer.table_source(table.name)
    source.reference = quote(table.name)
    return renderer.select(node, source, f"pgrst_source AS {quote(table.name)}", limited=node.limit is not None)


def _wanted(schema: Schema, table: Table, node: Node) -> list[str]:
    names = [column.field.name for column in node.columns]
    names += [order.field.name for order in node.order if order.relation is None]
    for embed in node.embeds:
        relation = relate(schema, table.name, embed)
        names += ["*"] if relation.function else [near for near, _ in relation.columns]
        names += [far for _, far in relation.junction.to_parent] if relation.junction else []
    return names


def _columns(table: Table, names: tuple[str, ...]) -> list[TableColumn]:
    """Return the columns of those names; raises ApiError (PGRST204)."""
    for name in names:
        if name not in table.columns:
            raise NotInCacheError(
                400, "PGRST204", f"Could not find the '{name}' column of '{table.name}' in the schema cache"
            )
    return [table.columns[name] for name in dict.fromkeys(names)]


def _rows_sql(columns: list[TableColumn], payload: Payload, use_defaults: bool, values: Values) -> str:
    """Return the body as a FROM item with the columns' types."""
    rows = f"{values.place(payload.raw)}::json"
    array = rows if payload.many else f"json_build_array({rows})"
    defaults = [column for column in columns if column.default] if use_defaults else []
    if defaults:
        pairs = ", ".join(f"{_literal(column.name)}, {column.default}" for column in defaults)
        array = (
            f"(SELECT coalesce(jsonb_agg(jsonb_build_object({pairs}) || element), '[]')::json"
            f" FROM jsonb_array_elements({array}::jsonb) AS element)"
        )
    if not columns:
        return f"json_array_elements({array}) AS body"
    types = ", ".join(f"{quote(column.name)} {column.type}" for column in columns)
    return f"json_to_recordset({array}) AS body({types})"


def _literal(name: str) -> str:
    """Return a column's name, known to the catalog, as a string literal."""
    escaped = name.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"
