"""Reading the picture of the database that ``catalog.sql`` draws."""

from typing import Any

import orjson

from infra.local.gateway.data_api.schema import Argument, Function, Link, Picture, Schema, Table, TableColumn
from infra.local.gateway.data_api.views import extend_with_views, read_origins


def read_picture(document: bytes, exposed: tuple[str, ...], max_rows: int | None) -> Picture:
    """Return the picture that ``catalog.sql`` drew as JSON."""
    catalog = orjson.loads(document)
    schemas = {name: Schema(name) for name in exposed}
    for row in catalog["tables"]:
        schemas[row["schema"]].tables[row["name"]] = _table(row)
    for row in catalog["links"]:
        if row["from_schema"] == row["to_schema"]:
            schema = schemas[row["from_schema"]]
            schema.links.append(_link(row, schema.tables[row["from_table"]]))
    for name, schema in schemas.items():
        extend_with_views(schema, read_origins([row for row in catalog["tables"] if row["schema"] == name]))
    for row in catalog["functions"]:
        schemas[row["schema"]].functions.setdefault(row["name"], []).append(_function(row))
    return Picture(schemas, catalog["timeouts"], max_rows)


def _table(row: dict[str, Any]) -> Table:
    columns = {
        column["name"]: TableColumn(column["name"], column["type"], column["base"], column["default"])
        for column in row["columns"]
    }
    primary = next((tuple(key["columns"]) for key in row["keys"] if key["primary"]), ())
    unique = frozenset(frozenset(key["columns"]) for key in row["keys"])
    return Table(row["schema"], row["name"], columns, primary, unique, row["definition"] is not None)


def _link(row: dict[str, Any], source: Table) -> Link:
    columns = tuple((near, far) for near, far in row["columns"])
    unique = frozenset(near for near, _ in columns) in source.unique_keys
    return Link(row["name"], row["from_table"], row["to_table"], columns, unique)


def _function(row: dict[str, Any]) -> Function:
    table = row["returns_table"]
    return Function(
        row["schema"],
        row["name"],
        tuple(Argument(**argument) for argument in row["arguments"]),
        row["stable"],
        row["is_set"],
        row["is_one"],
        row["is_void"],
        row["is_composite"],
        table[1] if table and table[0] == row["schema"] else None,
    )
