"""The rows of a project: which tables they are in, out of the database and back into it.

Rows are read in one snapshot, and written with triggers and foreign keys asleep (`session_replication_role`): what they
would do has been done, and stands in other rows of the same backup.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg import sql

from infra.cli.backup.store import Store
from infra.cli.errors import CommandError

# People, with how they sign in; not their sessions: who restores wants everybody to sign in anew.
PEOPLE = ("auth.users", "auth.identities", "auth.mfa_factors")
# Objects are written by Storage itself; of their rows, what it cannot know is put right afterwards.
OBJECTS = "storage.objects"
OURS = sql.SQL("(select * from storage.objects where bucket_id = 'documents')")


@dataclass(frozen=True)
class Table:
    """A table of the project with the columns that can be written."""

    name: str
    columns: Sequence[str]

    @property
    def identifier(self) -> sql.Identifier:
        """For statements."""
        return sql.Identifier(*self.name.split(".", 1))

    @property
    def rows(self) -> sql.Composable:
        """What is selected from, for statements."""
        return OURS if self.name == OBJECTS else self.identifier

    @property
    def list(self) -> sql.Composed:
        """The columns, for statements."""
        return sql.SQL(", ").join(map(sql.Identifier, self.columns))


# Partitions go with their parents; unlogged tables hold what nobody misses; what is expected belongs to the migrations.
_TABLES = """
    select n.nspname || '.' || c.relname,
           array(select attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
                 and not a.attisdropped and a.attgenerated = '' order by a.attnum)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence = 'p'
      and (n.nspname = 'rivulet' and c.relname <> 'expected'
           or n.nspname = 'public' and c.relname = any (rivulet.own_tables())
           or n.nspname || '.' || c.relname = any (%s))
    order by 1
"""


@contextmanager
def snapshot(dsn: str) -> Iterator[psycopg.Connection]:
    """A transaction that sees everything as it was at one moment."""
    with psycopg.connect(dsn) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        _hold_queue(connection)
        yield connection


def _hold_queue(connection: psycopg.Connection) -> None:
    """Let the sweep not rewrite what it rewrites: it truncates, which whoever sees an earlier moment sees, too.

    A lock is no query: the moment is that of the first one after it.
    """
    try:
        connection.execute("lock table rivulet.jobs, rivulet.lanes in access share mode")
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise CommandError("This project lacks Rivulet's tables. Run its migrations: supabase db push.") from error


def tables(connection: psycopg.Connection) -> list[Table]:
    """All tables whose rows are kept."""
    rows = connection.execute(_TABLES, [[*PEOPLE, OBJECTS]])
    return [Table(name, columns) for name, columns in rows.fetchall()]


def save(connection: psycopg.Connection, store: Store, folder: str) -> list[dict[str, Any]]:
    """Write all rows; what was written, for the manifest."""
    written = []
    for table in tables(connection):
        out = sql.SQL("copy (select {} from {} as t) to stdout").format(table.list, table.rows)
        with store.packing(file_of(folder, table.name)) as file, connection.cursor().copy(out) as rows:
            for piece in rows:
                file.write(piece)
        written.append({**asdict(table), "rows": _count(connection, table)})
    return written


def written_since_restored(connection: psycopg.Connection, table: Table) -> int:
    """How many rows are newer than a restore, which writes all of them in one transaction, `rivulet.project` too."""
    found = connection.execute(
        sql.SQL("select count(*) from {} where age(xmin) < (select age(xmin) from rivulet.project)").format(
            table.identifier
        )
    ).fetchone()
    return int(found[0]) if found else 0


def load(connection: psycopg.Connection, store: Store, folder: str, table: Table) -> None:
    """Put the rows of a table back."""
    there = {each.name: set(each.columns) for each in tables(connection)}.get(table.name)
    if there is None or not set(table.columns) <= there:
        raise CommandError(
            f"{table.name} is not as it was when it was saved. Restore into a project of the same version."
        )
    _copy_in(connection, store, file_of(folder, table.name), table.identifier, table)


def file_of(folder: str, name: str) -> str:
    """Where the rows of a table are."""
    return f"{folder}/rows/{name}.gz"


def mend_objects(connection: psycopg.Connection, store: Store, folder: str, table: Table) -> None:
    """Put right, in the rows that Storage wrote anew, whose they are and since when; documents know their eTags."""
    # As texts: a newer Storage may have other columns than that which was saved.
    columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in table.columns)
    connection.execute(sql.SQL("create temporary table kept ({}) on commit drop").format(columns))
    _copy_in(connection, store, file_of(folder, table.name), sql.Identifier("kept"), table)
    connection.execute(
        "update storage.objects o set owner = k.owner::uuid, owner_id = k.owner_id,"
        " created_at = k.created_at::timestamptz, user_metadata = k.user_metadata::jsonb"
        " from kept k where (o.bucket_id, o.name) = (k.bucket_id, k.name)"
    )
    connection.execute(
        "update public.documents d set content_hash = o.metadata ->> 'eTag' from storage.objects o"
        " where (o.bucket_id, o.name) = (d.bucket, d.object_name) and d.content_hash <> o.metadata ->> 'eTag'"
    )


def _copy_in(connection: psycopg.Connection, store: Store, name: str, target: sql.Identifier, table: Table) -> None:
    into = sql.SQL("copy {} ({}) from stdin").format(target, table.list)
    with store.unpacking(name) as file, connection.cursor().copy(into) as rows:
        while piece := file.read(1 << 20):
            rows.write(piece)


def sleeping_triggers(connection: psycopg.Connection) -> None:
    """For this transaction."""
    try:
        connection.execute("set local session_replication_role = replica")
    except psycopg.errors.InsufficientPrivilege as error:
        raise CommandError(
            "DATABASE_URL must be that of the role postgres, which may restore rows as they were."
        ) from error


def end_sessions(connection: psycopg.Connection) -> None:
    """Everybody signs in anew, whoever got in meanwhile, too. Triggers must be awake, so that tokens go along."""
    for name in ("sessions", "one_time_tokens", "mfa_challenges"):
        connection.execute(sql.SQL("delete from {}").format(sql.Identifier("auth", name)))


def empty(connection: psycopg.Connection, table: Table) -> None:
    """Remove all rows. Not by truncate, which would also empty tables of others that refer to ours."""
    connection.execute(sql.SQL("delete from {}").format(table.identifier))


# Those of others' tables in `public` are theirs: they need not be where this is restored, nor go back.
_SEQUENCES = """
    select format('%%I.%%I', schemaname, sequencename), last_value from pg_sequences
    where last_value is not null and (schemaname = 'rivulet' or exists (
        select from pg_depend d join pg_class c on c.oid = d.refobjid join pg_namespace n on n.oid = c.relnamespace
        where d.objid = format('%%I.%%I', schemaname, sequencename)::regclass and d.deptype in ('a', 'i')
          and d.classid = 'pg_class'::regclass and n.nspname = 'public' and n.nspname || '.' || c.relname = any (%s)))
    order by 1
"""


def sequences(connection: psycopg.Connection) -> dict[str, int]:
    """How far each sequence has come."""
    ours = [table.name for table in tables(connection)]
    return dict(connection.execute(_SEQUENCES, [ours]).fetchall())


def set_sequences(connection: psycopg.Connection, reached: dict[str, int]) -> None:
    """Let them go on from there."""
    for name, value in reached.items():
        connection.execute("select setval(%s::regclass, %s)", [name, value])


def _count(connection: psycopg.Connection, table: Table) -> int:
    found = connection.execute(sql.SQL("select count(*) from {} as t").format(table.rows)).fetchone()
    return int(found[0]) if found else 0
