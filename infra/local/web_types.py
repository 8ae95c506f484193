"""The database as the web application sees it, in TypeScript: `frontend/src/lib/database.types.ts`.

`python -m infra.local.web_types [--check]` reads the catalog of DATABASE_URL, or of the running local stack. It writes
what the role `authenticated` may read, write and call, in the shape that supabase-js infers its types from
(https://supabase.com/docs/guides/api/rest/generating-types); `--check` only tells whether the file is up to date.
"""

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from infra.local import stack, state

FILE = state.CHECKOUT / "frontend" / "src" / "lib" / "database.types.ts"
QUERIES = Path(__file__).with_name("web_types.sql")
COMMAND = "python -m infra.local.web_types"
SCALARS = {
    "bool": "boolean",
    "int2": "number",
    "int4": "number",
    "int8": "number",
    "float4": "number",
    "float8": "number",
    "numeric": "number",
    "json": "Json",
    "jsonb": "Json",
    "void": "undefined",
}
# Columns of functions that may be null; the catalog knows that of tables only.
NULLABLE = {
    ("library_people", "user_id"),
    ("library_usage", "bytes_limit"),
    ("library_usage", "documents_limit"),
    ("search_passages", "page"),
}
ONE_OF = re.compile(r"ANY \((?:ARRAY\[|\(ARRAY\[)(.*?)\]")
HEAD = f"""\
// Made by `{COMMAND}` from the database's catalog: change a migration, then run it again.

export type Json = string | number | boolean | null | {{ [key: string]: Json | undefined }} | Json[];
"""
TAIL = """
type Public = Database["public"];
/** A row of a table, as it is read. */
export type Tables<Name extends keyof Public["Tables"]> = Public["Tables"][Name]["Row"];
export type Enums<Name extends keyof Public["Enums"]> = Public["Enums"][Name];
/** A row, or the rows, that a function returns. */
export type Returned<Name extends keyof Public["Functions"]> = Public["Functions"][Name]["Returns"];
"""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Catalog:
    """What was read: `columns`, `keys` (foreign keys), `functions`, `enums`."""

    columns: Sequence[Row]
    keys: Sequence[Row]
    functions: Sequence[Row]
    enums: Mapping[str, Sequence[str]]


def read(dsn: str) -> Catalog:
    """Read the catalog of a database."""
    columns, keys, functions, enums = QUERIES.read_text().split(";\n")[:4]
    with psycopg.connect(dsn, row_factory=dict_row) as connection:

        def rows(query: str) -> list[dict[str, Any]]:
            return connection.execute(query.encode()).fetchall()

        names = {row["name"]: row["labels"] for row in rows(enums)}
        return Catalog(rows(columns), rows(keys), rows(functions), names)


def render(catalog: Catalog) -> str:
    """The whole file."""
    tables = "".join(_table(name, catalog) for name in sorted({row["relation"] for row in catalog.columns}))
    functions = "".join(_function(row, catalog) for row in catalog.functions)
    enums = "".join(f"      {name}: {_union(labels)};\n" for name, labels in catalog.enums.items())
    nothing = "{ [_ in never]: never }"
    return (
        f"{HEAD}\nexport type Database = {{\n  public: {{\n"
        f"    Tables: {{\n{tables}    }};\n    Views: {nothing};\n    Functions: {{\n{functions}    }};\n"
        f"    Enums: {{\n{enums}    }};\n    CompositeTypes: {nothing};\n  }};\n}};\n{TAIL}"
    )


def _table(name: str, catalog: Catalog) -> str:
    columns = [row for row in catalog.columns if row["relation"] == name]
    read_ = [f"{row['name']}: {_column(row, catalog)}" for row in columns if row["may_read"]]
    insert = [f"{_optional(row)}: {_column(row, catalog)}" for row in columns if row["may_insert"]]
    update = [f"{row['name']}?: {_column(row, catalog)}" for row in columns if row["may_update"]]
    keys = ",\n".join(_key(row) for row in catalog.keys if row["relation"] == name)
    relationships = f"[\n{keys},\n        ]" if keys else "[]"
    return (
        f"      {name}: {{\n        Row: {_object(read_)};\n        Insert: {_object(insert)};\n"
        f"        Update: {_object(update)};\n        Relationships: {relationships};\n      }};\n"
    )


def _key(row: Row) -> str:
    one = "true" if row["one_to_one"] else "false"
    return (
        f'          {{ foreignKeyName: "{row["name"]}"; columns: {_tuple(row["columns"])}; isOneToOne: {one}; '
        f'referencedRelation: "{row["target"]}"; referencedColumns: {_tuple(row["target_columns"])} }}'
    )


def _function(row: Row, catalog: Catalog) -> str:
    needed = len(row["arguments"]) - row["defaults"]
    arguments = [
        f"{name}{'' if place < needed else '?'}: {_type(kind, catalog)}"
        for place, (name, kind) in enumerate(row["arguments"])
    ]
    given = f"{{ {'; '.join(arguments)} }}" if arguments else "Record<PropertyKey, never>"
    return f"      {row['name']}: {{ Args: {given}; Returns: {_returned(row, catalog)} }};\n"


def _returned(row: Row, catalog: Catalog) -> str:
    if not row["columns"]:
        return _type(row["returns"], catalog) + ("[]" if row["many"] else "")
    columns = (
        f"{name}: {_type(kind, catalog)}{' | null' if (row['name'], name) in NULLABLE else ''}"
        for name, kind in row["columns"]
    )
    return f"{{ {'; '.join(columns)} }}[]"


def _optional(row: Row) -> str:
    return f"{row['name']}?" if row["has_default"] or not row["required"] else str(row["name"])


def _column(row: Row, catalog: Catalog) -> str:
    allowed = ONE_OF.search(row["check"] or "")
    kind = _union(re.findall(r"'([^']*)'", allowed[1])) if allowed else _type(row["type"], catalog)
    return kind if row["required"] else f"{kind} | null"


def _type(name: str, catalog: Catalog) -> str:
    if name.startswith("_"):
        return f"{_type(name[1:], catalog)}[]"
    if name in catalog.enums:
        return f'Database["public"]["Enums"]["{name}"]'
    return SCALARS.get(name, "string")


def _object(members: Iterable[str]) -> str:
    lines = "".join(f"          {member};\n" for member in members)
    return f"{{\n{lines}        }}" if lines else "Record<PropertyKey, never>"


def _union(labels: Iterable[str]) -> str:
    return " | ".join(f'"{label}"' for label in labels)


def _tuple(names: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"


def main(arguments: Sequence[str]) -> int:
    """Write the file, or with --check compare it; 1 if it is out of date."""
    dsn = os.environ.get("DATABASE_URL") or stack.environment()["DATABASE_URL"]
    made = render(read(dsn))
    if "--check" not in arguments:
        FILE.write_text(made)
    elif FILE.read_text() != made:
        sys.stderr.write(f"{FILE.name} does not fit the database. Run: {COMMAND}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
