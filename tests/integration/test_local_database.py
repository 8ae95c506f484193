"""Installing the platform and migrating, on a real server."""

from pathlib import Path

import psycopg
import pytest

from infra.local import database as local_database
from tests.databases import Database

CREATE_NOTES = "20260101000000_create_notes.sql"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / CREATE_NOTES).write_text(
        "create table public.notes (id int);\ninsert into public.notes values (1), (2);"
    )
    return tmp_path


def rows(dsn: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query.encode()).fetchall()


def test_each_migration_runs_once_and_is_recorded_like_the_supabase_cli_does(
    platform_database: Database, folder: Path
) -> None:
    dsn = platform_database.owner_dsn

    assert local_database.migrate(dsn, folder) == [CREATE_NOTES]
    assert local_database.migrate(dsn, folder) == []

    assert rows(dsn, "select count(*) from public.notes") == [(2,)]
    recorded = rows(dsn, "select version, name, statements from supabase_migrations.schema_migrations")
    assert recorded == [("20260101000000", "create_notes", [(folder / CREATE_NOTES).read_text()])]


def test_migrations_run_as_a_role_that_is_no_superuser(platform_database: Database, folder: Path) -> None:
    local_database.migrate(platform_database.owner_dsn, folder)
    owner = rows(platform_database.owner_dsn, "select tableowner from pg_tables where tablename = 'notes'")
    assert owner == [("postgres",)]
    assert rows(platform_database.owner_dsn, "select rolsuper from pg_roles where rolname = 'postgres'") == [(False,)]


def test_a_failing_migration_leaves_nothing_and_names_file_and_line(platform_database: Database, folder: Path) -> None:
    (folder / "20260101000001_break.sql").write_text("create table public.half (id int);\n\nselect missing();")

    with pytest.raises(local_database.MigrationError, match=r"20260101000001_break\.sql, line 3: function missing"):
        local_database.migrate(platform_database.owner_dsn, folder)

    tables = "select tablename from pg_tables where schemaname = 'public' order by 1"
    assert rows(platform_database.owner_dsn, tables) == [("notes",)]


def test_a_changed_migration_is_refused_and_not_run(platform_database: Database, folder: Path) -> None:
    local_database.migrate(platform_database.owner_dsn, folder)
    (folder / CREATE_NOTES).write_text("drop table public.notes;")

    with pytest.raises(local_database.MigrationError, match="was changed after it was applied"):
        local_database.migrate(platform_database.owner_dsn, folder)

    assert rows(platform_database.owner_dsn, "select count(*) from public.notes") == [(2,)]


def test_the_platform_can_be_installed_again(platform_database: Database) -> None:
    local_database.install_platform(platform_database.admin_dsn)
    schemas = rows(
        platform_database.admin_dsn, "select nspname from pg_namespace where nspname in ('auth', 'storage') order by 1"
    )
    assert schemas == [("auth",), ("storage",)]


def test_every_login_role_is_let_in_with_its_password_alone(platform_database: Database) -> None:
    for role in platform_database.secrets.database_passwords:
        assert rows(platform_database.dsn(role), "select current_user::text") == [(role,)]
    wrong = platform_database.cluster.dsn(platform_database.name, "postgres", "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)
