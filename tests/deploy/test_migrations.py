"""What keeps a deployment from breaking those that run."""

from pathlib import Path

import pytest

from infra.deploy.migrations import LAST_LINE, freeze, problems
from infra.local.state import CHECKOUT

FIRST = "create table public.notes (id uuid primary key, text text not null);\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "20260101000000_create_notes.sql").write_text(FIRST + LAST_LINE)
    freeze(tmp_path)
    return tmp_path


def add(folder: Path, text: str, name: str = "20260201000000_change.sql") -> list[str]:
    (folder / name).write_text(f"{text}\n{LAST_LINE}\n")
    return list(problems(folder))


def test_our_own_are_fit() -> None:
    assert list(problems(CHECKOUT / "migrations")) == []


@pytest.mark.parametrize(
    "text",
    [
        "alter table public.notes add column title text;",
        "alter table public.notes add column done boolean not null default false;",
        "create function public.save_note_v2(p_text text) returns void language sql as $$ select null $$;",
        "-- drop table public.notes comes later\ncreate index on public.notes (text);",
        "-- contract: nobody reads it since release 0.2\nalter table public.notes drop column text;",
    ],
)
def test_what_expands_is_let_through(folder: Path, text: str) -> None:
    assert add(folder, text) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("alter table public.notes drop column text;", "drops a column"),
        ("DROP TABLE public.notes;", "drops a table"),
        ("drop function public.save_note_v1(text);", "drops a function"),
        ("alter table public.notes rename column text to body;", "renames"),
        ("alter table public.notes rename to papers;", "renames"),
        ("alter table public.notes alter column text type varchar(10);", "changes a type"),
        ("alter table public.notes alter column text set not null;", "demands a value"),
        ("alter table public.notes add column title text not null;", "do not fill"),
        ("create or replace function public.claim_jobs_v1() returns void language sql as $$ $$;", "versioned function"),
    ],
)
def test_what_contracts_is_refused(folder: Path, text: str, says: str) -> None:
    [problem] = add(folder, text)

    assert says in problem


def test_what_was_released_stays_as_it_is(folder: Path) -> None:
    file = folder / "20260101000000_create_notes.sql"
    file.write_text(FIRST + "-- a word more\n" + LAST_LINE)
    assert "has been changed" in next(problems(folder))

    file.unlink()
    assert "is gone" in next(problems(folder))


def test_a_new_file_comes_last_and_notes_what_is_expected(folder: Path) -> None:
    assert "would come before" in add(folder, "select 1;", "20250101000000_early.sql")[0]
    (folder / "20260201000000_change.sql").write_text("select 1;\n")
    assert any("does not end with" in problem for problem in problems(folder))
