"""Files keep their names as far as Storage allows, and mistakes are told before anything is sent."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cli.errors import CommandError
from infra.cli.files import LONGEST_NAME, find_uploads, storable


def test_a_folder_gives_its_files_under_its_own_name(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    (folder / "2024").mkdir(parents=True)
    for name in ("b.md", "2024/a.pdf", ".DS_Store", "2024/.hidden"):
        (folder / name).write_text("x")
    assert [(each.name, each.mime) for each in find_uploads([folder])] == [
        ("reports/2024/a.pdf", "application/pdf"),
        ("reports/b.md", "text/markdown"),
    ]


def test_a_file_named_twice_is_sent_once(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    assert len(find_uploads([tmp_path / "a.txt", tmp_path / "a.txt"])) == 1


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(folder)
    with pytest.raises(CommandError, match=r"would both be called a\.txt"):
        find_uploads([tmp_path / "one" / "a.txt", tmp_path / "two" / "a.txt"])


def test_an_empty_folder_a_missing_path_and_a_pipe_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    for path, message in (("empty", "no files in"), ("nothing", "no file or folder"), ("pipe", "neither a file")):
        with pytest.raises(CommandError, match=message):
            find_uploads([tmp_path / path])


def test_an_unknown_suffix_is_left_to_the_parser(tmp_path: Path) -> None:
    (tmp_path / "a.qqq").write_text("x")
    assert find_uploads([tmp_path / "a.qqq"])[0].mime == "application/octet-stream"


@pytest.mark.parametrize("name", ["a.pdf", "Report (final), v2 & more.docx", "x/y/z.md"])
def test_names_that_storage_takes_stay(name: str) -> None:
    assert storable(name) == name


def test_other_names_stay_readable_and_apart() -> None:
    assert storable("Übersicht 50%.pdf").startswith("Ubersicht 50_-")
    assert storable("Übersicht 50%.pdf").endswith(".pdf")
    assert storable("報告.pdf") != storable("計画.pdf")


@given(st.text(min_size=1, max_size=1200))
def test_every_name_becomes_one_that_storage_takes(name: str) -> None:
    key = storable(name)
    assert key.isascii()
    assert key.isprintable()
    assert 0 < len(key) <= LONGEST_NAME
    assert not set(key) & set('?#%\\"<>[]{}|^`~')
