"""What the database's catalog says about published tables, now. The log may describe an older state."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from psycopg import sql

from infra.local.gateway.realtime.sessions import Connection

PUBLICATION = "supabase_realtime"

_MEMBERS = """
select c.oid::bigint, p.schemaname, p.tablename
  from pg_catalog.pg_publication_tables p
  join pg_catalog.pg_namespace n on n.nspname = p.schemaname
  join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = p.tablename
 where p.pubname = %s
"""
_TABLES = """
select c.oid::bigint, n.nspname, c.relname, c.relrowsecurity, a.attname, t.typname,
       pg_catalog.format('%%I.%%I', tn.nspname, t.typname), b.typname, b.typcategory,
       coalesce(a.attnum = any(i.indkey), false), coalesce(l.collisdeterministic, true)
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_catalog.pg_type t on t.oid = a.atttypid
  join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
  join pg_catalog.pg_type b on b.oid = case t.typtype when 'd' then t.typbasetype else t.oid end
  left join pg_catalog.pg_index i on i.indrelid = c.oid and i.indisprimary
  left join pg_catalog.pg_collation l on l.oid = a.attcollation
 where c.oid = any(%s::oid[])
 order by c.oid, a.attnum
"""
_READABLE = """
select r.rolname, a.attrelid::bigint, a.attname
  from unnest(%s::text[], %s::oid[]) as asked(role_name, table_oid)
  join pg_catalog.pg_roles r on r.rolname = asked.role_name
  join pg_catalog.pg_attribute a on a.attrelid = asked.table_oid and a.attnum > 0 and not a.attisdropped
 where pg_catalog.has_column_privilege(r.oid, a.attrelid, a.attnum, 'SELECT')
"""


@dataclass(frozen=True)
class TableColumn:
    """A column; ``sql_type`` is its type's quoted name, ``base`` and ``category`` are those below a domain.

    Texts of a ``deterministic`` collation are equal if and only if their bytes are.
    """

    name: str
    type_name: str
    sql_type: str
    base: str
    category: str
    in_primary_key: bool
    deterministic: bool


@dataclass(frozen=True)
class Table:
    """A table as it is now; ``secured`` tells whether row level security is on."""

    oid: int
    schema: str
    name: str
    secured: bool
    columns: tuple[TableColumn, ...]

    @cached_property
    def by_name(self) -> dict[str, TableColumn]:
        """Return the columns by name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def primary_key(self) -> tuple[TableColumn, ...]:
        """Return the columns of the primary key, none if there is no key."""
        return tuple(column for column in self.columns if column.in_primary_key)


def sql_type(column: TableColumn) -> sql.SQL:
    """Return the name of a column's type for a query with parameters."""
    return sql.SQL(column.sql_type.replace("%", "%%"))


async def load_members(session: Connection) -> dict[int, tuple[str, str]]:
    """Return schema and name of each table of the publication, by oid."""
    rows = await (await session.execute(_MEMBERS, [PUBLICATION])).fetchall()
    return {oid: (schema, name) for oid, schema, name in rows}


async def load_tables(session: Connection, oids: Iterable[int]) -> dict[int, Table]:
    """Return the tables that exist, by oid."""
    rows = await (await session.execute(_TABLES, [list(oids)])).fetchall()
    heads: dict[int, tuple[str, str, bool]] = {}
    columns: dict[int, list[TableColumn]] = {}
    for oid, schema, name, secured, *column in rows:
        heads[oid] = (schema, name, secured)
        columns.setdefault(oid, []).append(TableColumn(*column))
    return {oid: Table(oid, *head, tuple(columns[oid])) for oid, head in heads.items()}


async def load_readable(session: Connection, pairs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], frozenset[str]]:
    """Return the columns that each role may SELECT of each table; a role that does not exist may none."""
    asked = list(pairs)
    rows = await (await session.execute(_READABLE, [[role for role, _ in asked], [oid for _, oid in asked]])).fetchall()
    found: dict[tuple[str, int], set[str]] = {pair: set() for pair in asked}
    for role, oid, column in rows:
        found[role, oid].add(column)
    return {pair: frozenset(columns) for pair, columns in found.items()}
