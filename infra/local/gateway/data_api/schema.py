"""The Data API's picture of the database: what exists, how it is related, what can be called."""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column: its type as SQL text, the type under a domain, and the SQL of its default."""

    name: str
    type: str
    base: str
    default: str | None


@dataclass(frozen=True)
class Table:
    """A table or view."""

    schema: str
    name: str
    columns: dict[str, TableColumn]
    primary_key: tuple[str, ...]
    unique_keys: frozenset[frozenset[str]]


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key; ``columns`` pairs the referring column with the one referred to."""

    name: str
    source: str
    target: str
    columns: tuple[tuple[str, str], ...]
    unique: bool

    @property
    def near(self) -> tuple[str, ...]:
        """Return the referring columns."""
        return tuple(near for near, _ in self.columns)

    @property
    def far(self) -> tuple[str, ...]:
        """Return the columns referred to."""
        return tuple(far for _, far in self.columns)


@dataclass(frozen=True, slots=True)
class Argument:
    """An input argument of a function; a nameless one has the name ``""``, one of a row type names its table."""

    name: str
    type: str
    required: bool
    variadic: bool
    row_of: str | None


@dataclass(frozen=True, slots=True)
class Function:
    """One function (of perhaps several with that name)."""

    schema: str
    name: str
    arguments: tuple[Argument, ...]
    stable: bool
    is_set: bool
    is_one: bool
    is_void: bool
    is_composite: bool
    returns_table: str | None

    def signature(self) -> str:
        """Return ``schema.name(arg => type, …)``, as shown to people."""
        return f"{self.schema}.{self.name}({', '.join(f'{a.name} => {a.type}' for a in self.arguments)})"


@dataclass(frozen=True)
class Schema:
    """Everything exposed of one database schema."""

    name: str
    tables: dict[str, Table] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    functions: dict[str, list[Function]] = field(default_factory=dict)

    @cached_property
    def links_of(self) -> dict[str, list[Link]]:
        """Return the foreign keys that leave or enter each table."""
        found: dict[str, list[Link]] = defaultdict(list)
        for link in self.links:
            found[link.source].append(link)
            if link.target != link.source:
                found[link.target].append(link)
        return found


@dataclass(frozen=True)
class Picture:
    """The exposed schemas by name, and each role's statement timeout."""

    schemas: dict[str, Schema]
    timeouts: dict[str, str]

    def timeout_of(self, role: str) -> str | None:
        """Return the statement timeout for a role's requests; a role without its own has the authenticator's."""
        return self.timeouts.get(role) or self.timeouts.get("authenticator")


def read_picture(document: bytes, exposed: tuple[str, ...]) -> Picture:
    """Return the picture that ``catalog.sql`` drew as JSON."""
    catalog = orjson.loads(document)
    schemas = {name: Schema(name) for name in exposed}
    for row in catalog["tables"]:
        schemas[row["schema"]].tables[row["name"]] = _table(row)
    for row in catalog["links"]:
        if row["from_schema"] == row["to_schema"]:
            schema = schemas[row["from_schema"]]
            schema.links.append(_link(row, schema.tables[row["from_table"]]))
    for row in catalog["functions"]:
        schemas[row["schema"]].functions.setdefault(row["name"], []).append(_function(row))
    return Picture(schemas, catalog["timeouts"])


def _table(row: dict[str, Any]) -> Table:
    columns = {column["name"]: TableColumn(**column) for column in row["columns"]}
    primary = next((tuple(key["columns"]) for key in row["keys"] if key["primary"]), ())
    return Table(
        row["schema"], row["name"], columns, primary, frozenset(frozenset(key["columns"]) for key in row["keys"])
    )


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
