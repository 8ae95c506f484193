"""Which migrations are applied, and which are refused."""

import re
from pathlib import Path

import pytest

from infra.local import state
from infra.local.database import Migration, MigrationError, plan, read_migrations

FIRST = Migration("20260101000000", "create_notes", "create table notes ();")
SECOND = Migration("20260102000000", "add_text", "alter table notes add text text;")


def test_only_what_the_database_lacks_is_applied() -> None:
    assert plan([FIRST, SECOND], {}) == [FIRST, SECOND]
    assert plan([FIRST, SECOND], {FIRST.version: [FIRST.text]}) == [SECOND]
    assert plan([FIRST, SECOND], {FIRST.version: [FIRST.text], SECOND.version: [SECOND.text]}) == []


def test_records_of_the_supabase_cli_are_taken_as_they_are() -> None:
    in_pieces = {FIRST.version: ["create table notes ()", "select 1"], SECOND.version: None}
    assert plan([FIRST, SECOND], in_pieces) == []


def test_a_changed_file_is_refused() -> None:
    with pytest.raises(MigrationError, match=r"20260101000000_create_notes\.sql was changed after it was applied"):
        plan([FIRST], {FIRST.version: ["create table other ();"]})


def test_a_database_ahead_of_the_checkout_is_refused() -> None:
    with pytest.raises(MigrationError, match="has migration 20260102000000, which this checkout does not"):
        plan([FIRST], {FIRST.version: [FIRST.text], SECOND.version: [SECOND.text]})


@pytest.mark.parametrize(
    "name", ["notes.sql", "2026_notes.sql", "20260101000000-notes.sql", "20260101000000_Notes.sql"]
)
def test_a_misnamed_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(MigrationError, match="is not named like a migration"):
        read_migrations(tmp_path)


def test_two_files_of_one_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "20260101000000_a.sql").touch()
    (tmp_path / "20260101000000_b.sql").touch()
    with pytest.raises(MigrationError, match=re.escape("20260101000000_b.sql and 20260101000000_a.sql")):
        read_migrations(tmp_path)


def test_the_projects_own_migrations_are_well_named() -> None:
    assert read_migrations(state.CHECKOUT / "migrations")
