"""Views take part in the relations of the tables below them: which of their columns are a table's, and what follows.

PostgreSQL keeps a view's query as a tree of nodes in text; each entry of its target list names the table and column
that it shows unchanged. Columns that are computed show none.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from infra.local.gateway.data_api.schema import Link, Schema, Table

#: What matters of a node tree: escaped characters (to pass over), nodes' ends, and where a column comes from.
TOKEN = re.compile(r"\\.|[{}]|:(resno|resorigtbl|resorigcol) (\d+)", re.DOTALL)
TARGET_ENTRY = 2  # depth of the outermost query's target list entries
VIEWS_DEEP = 10  # views upon views that are followed

Origins = dict[str, tuple[str, str]]  # a view's column → table and column


def read_origins(rows: list[dict[str, Any]]) -> dict[str, Origins]:
    """Return what each view among the catalog's `rows` (of one schema) shows of that schema's tables."""
    by_oid = {row["oid"]: row for row in rows}
    direct = {row["name"]: _direct(row, by_oid) for row in rows if row["definition"]}
    found: dict[str, Origins] = {}
    for view in direct:
        columns = {column: _followed(origin, direct) for column, origin in direct[view].items()}
        found[view] = {column: origin for column, origin in columns.items() if origin is not None}
    return found


def parse_origins(definition: str) -> dict[int, tuple[int, int]]:
    """Return, by column number, the oid of the table and the number of the column that a view shows there."""
    found: dict[int, tuple[int, int]] = {}
    depth, entry = 0, dict[str, int]()
    for token in TOKEN.finditer(definition):
        if token[0] == "{":
            depth += 1
            entry = {} if depth == TARGET_ENTRY else entry
        elif token[0] == "}":
            if depth == TARGET_ENTRY and entry.get("resorigtbl"):
                found[entry["resno"]] = (entry["resorigtbl"], entry["resorigcol"])
            depth -= 1
        elif token[1] and depth == TARGET_ENTRY:
            entry[token[1]] = int(token[2])
    return found


def extend_with_views(schema: Schema, origins: Mapping[str, Origins]) -> None:
    """Add each foreign key once more for every view that shows all its columns at either end, and views' keys."""
    shown = {view: _reversed(columns) for view, columns in origins.items()}
    schema.links.extend([more for link in schema.links for more in _with_views(link, shown)])
    for view, columns in shown.items():
        schema.tables[view] = _with_key(schema.tables[view], columns, schema)


def _with_views(link: Link, shown: Mapping[str, dict[tuple[str, str], str]]) -> Iterator[Link]:
    near = [(link.source, link.near), *_seen_in(link.source, link.near, shown)]
    far = [(link.target, link.far), *_seen_in(link.target, link.far, shown)]
    for (source, here), (target, there) in list(product(near, far))[1:]:
        pairs = tuple(zip(here, there, strict=True))
        yield replace(link, source=source, target=target, columns=pairs, to_view=target != link.target)


def _seen_in(
    table: str, columns: tuple[str, ...], shown: Mapping[str, dict[tuple[str, str], str]]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the views that show all those columns of a table, with the names they have there."""
    for view, names in shown.items():
        if all((table, column) in names for column in columns):
            yield view, tuple(names[table, column] for column in columns)


def _with_key(view: Table, names: dict[tuple[str, str], str], schema: Schema) -> Table:
    """Return the view with the primary key of a table that it shows whole."""
    for table in dict.fromkeys(table for table, _ in names):
        key = schema.tables[table].primary_key
        if key and all((table, column) in names for column in key):
            return replace(view, primary_key=tuple(names[table, column] for column in key))
    return view


def _direct(row: dict[str, Any], by_oid: Mapping[int, dict[str, Any]]) -> Origins:
    numbers = {column["number"]: column["name"] for column in row["columns"]}
    found: Origins = {}
    for number, (oid, column_number) in parse_origins(row["definition"]).items():
        origin = by_oid.get(oid)
        column = next(
            (one["name"] for one in (origin or {}).get("columns", ()) if one["number"] == column_number), None
        )
        if origin is not None and column is not None and number in numbers:
            found[numbers[number]] = (origin["name"], column)
    return found


def _followed(origin: tuple[str, str], direct: Mapping[str, Origins]) -> tuple[str, str] | None:
    """Return the table's column behind a column that may be another view's."""
    for _ in range(VIEWS_DEEP):
        if origin[0] not in direct:
            return origin
        below = direct[origin[0]].get(origin[1])
        if below is None:
            return None
        origin = below
    return None


def _reversed(columns: Origins) -> dict[tuple[str, str], str]:
    """Return a view's columns by what they show; of two that show the same the first counts."""
    return {origin: column for column, origin in reversed(columns.items())}
