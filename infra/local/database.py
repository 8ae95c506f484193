"""Fills a database: first what hosted Supabase ships with, then the project's migrations.

Applied migrations are recorded as the Supabase CLI records them, in
`supabase_migrations.schema_migrations(version, statements, name)`, so that either may go on where the
other stopped.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from infra.local import errors

PLATFORM_FOLDER = Path(__file__).parent / "platform"
MIGRATION_NAME = re.compile(r"(?P<version>\d{14})_(?P<name>[a-z0-9_]+)\.sql")
# Any number does, as long as every migrating process takes the same one.
MIGRATION_LOCK = 7_284_559_120

CREATE_HISTORY = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
    version text primary key,
    statements text[],
    name text
);
"""


class MigrationError(errors.StackError):
    """The migrations cannot be applied."""


@dataclass(frozen=True)
class Migration:
    """One migration file; `version` is the time in its name, as YYYYMMDDhhmmss."""

    version: str
    name: str
    text: str

    @property
    def file_name(self) -> str:
        """The name of the file in the migrations folder."""
        return f"{self.version}_{self.name}.sql"


def install_platform(admin_dsn: str) -> None:
    """Give a database what hosted Supabase ships with: roles, schemas, their tables and functions.

    `admin_dsn` must belong to `supabase_admin`. Safe to repeat: the files change only what differs.
    """
    with psycopg.connect(admin_dsn) as connection:
        for file in sorted(PLATFORM_FOLDER.glob("[0-9][0-9]_*.sql")):
            _run_file(connection, file.name, file.read_text())


def set_passwords(admin_dsn: str, passwords: dict[str, str]) -> None:
    """Set each login role's password."""
    with psycopg.connect(admin_dsn) as connection:
        for role, password in passwords.items():
            connection.execute(
                sql.SQL("alter role {} with login password {}").format(sql.Identifier(role), sql.Literal(password))
            )


def migrate(dsn: str, folder: Path) -> list[str]:
    """Apply the migrations of `folder` that the database lacks, each in one transaction; return their file names.

    Raises `MigrationError` when a file is misnamed, an applied file was changed or removed, or a statement fails.
    """
    migrations = read_migrations(folder)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [MIGRATION_LOCK])
        connection.execute(CREATE_HISTORY)
        rows = connection.execute("select version, statements from supabase_migrations.schema_migrations").fetchall()
        pending = plan(migrations, dict(rows))
        for migration in pending:
            _apply(connection, migration)
    return [migration.file_name for migration in pending]


def read_migrations(folder: Path) -> list[Migration]:
    """The migrations of a folder, oldest first."""
    found: dict[str, Migration] = {}
    for file in sorted(folder.glob("*.sql")):
        match = MIGRATION_NAME.fullmatch(file.name)
        if match is None:
            raise MigrationError(
                f"{file} is not named like a migration: 14 digits of time, an underscore, "
                "then lower-case letters, digits and underscores, as in 20260102030405_create_notes.sql."
            )
        migration = Migration(match["version"], match["name"], file.read_text())
        if migration.version in found:
            raise MigrationError(
                f"{migration.file_name} and {found[migration.version].file_name} have the same version. "
                "Rename the newer."
            )
        found[migration.version] = migration
    return list(found.values())


def plan(migrations: list[Migration], applied: dict[str, list[str] | None]) -> list[Migration]:
    """The migrations still to be applied.

    `applied` maps version to recorded statements; another tool may record none, or the file in pieces, and
    such a record cannot tell whether the file was changed.
    """
    missing = sorted(applied.keys() - {migration.version for migration in migrations})
    if missing:
        raise MigrationError(
            f"The database has migration {missing[0]}, which this checkout does not. "
            "Update the checkout, or use another state folder (RIVULET_HOME)."
        )
    for migration in migrations:
        recorded = applied.get(migration.version)
        if recorded is not None and len(recorded) == 1 and recorded[0] != migration.text:
            raise MigrationError(
                f"{migration.file_name} was changed after it was applied. Restore it and put the change into a new "
                "migration, or start with an empty state folder."
            )
    return [migration for migration in migrations if migration.version not in applied]


def _apply(connection: psycopg.Connection, migration: Migration) -> None:
    with connection.transaction():
        _run_file(connection, migration.file_name, migration.text)
        connection.execute(
            "insert into supabase_migrations.schema_migrations (version, statements, name) values (%s, %s, %s)",
            [migration.version, [migration.text], migration.name],
        )


def _run_file(connection: psycopg.Connection, file_name: str, text: str) -> None:
    try:
        # Without parameters psycopg sends the text as it is, so one call may hold many statements.
        connection.execute(text.encode())
    except psycopg.Error as error:
        raise MigrationError(f"{file_name}{_line_of(error, text)}: {error}") from error


def _line_of(error: psycopg.Error, text: str) -> str:
    position = error.diag.statement_position
    return "" if position is None else f", line {text.count(chr(10), 0, int(position)) + 1}"
