"""The Data API's picture of the database: what exists, how it is related, what can be called."""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property


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
    is_view: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A foreign key; ``columns`` pairs the referring column with the one referred to.

    Views take part in those of the tables that they show; ``to_view`` tells of one that leads to a view.
    """

    name: str
    source: str
    target: str
    columns: tuple[tuple[str, str], ...]
    unique: bool
    to_view: bool = False

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
    """The exposed schemas by name, the first for who names none; each role's statement timeout; the most rows shown."""

    schemas: dict[str, Schema]
    timeouts: dict[str, str]
    max_rows: int | None

    def timeout_of(self, role: str) -> str | None:
        """Return the statement timeout for a role's requests; a role without its own has the authenticator's."""
        return self.timeouts.get(role) or self.timeouts.get("authenticator")
