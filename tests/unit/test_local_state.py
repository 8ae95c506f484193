"""The state folder."""

import os
import stat
from pathlib import Path

import pytest

from infra.local import errors, record, state


def test_secrets_are_made_once_and_are_for_the_owner_alone(tmp_path: Path) -> None:
    home = state.open_state(tmp_path / "home")
    first = home.secrets()
    assert state.open_state(tmp_path / "home").secrets() == first
    assert stat.S_IMODE((tmp_path / "home" / "secrets.json").stat().st_mode) == 0o600


def test_two_state_folders_share_no_secret(tmp_path: Path) -> None:
    one = state.open_state(tmp_path / "one").secrets().model_dump()
    other = state.open_state(tmp_path / "other").secrets().model_dump()
    assert not (set(one.pop("database_passwords").values()) & set(other.pop("database_passwords").values()))
    assert not (set(one.values()) & set(other.values()))


def test_secrets_do_not_show_when_printed() -> None:
    made = state.Secrets()
    assert made.secret_key not in repr(made)
    assert made.database_passwords["postgres"] not in repr(made)


def test_damaged_secrets_are_not_replaced(tmp_path: Path) -> None:
    home = state.open_state(tmp_path)
    (tmp_path / "secrets.json").write_text("{")
    with pytest.raises(errors.StackError, match=r"secrets\.json is damaged"):
        home.secrets()


def test_lost_secrets_of_an_existing_database_are_named(tmp_path: Path) -> None:
    home = state.open_state(tmp_path)
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("18")
    with pytest.raises(errors.StackError, match="is gone, and with it the passwords"):
        home.secrets()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(errors.StackError, match=r"cannot be written.*Set RIVULET_HOME"):
        state.open_state(tmp_path / "file" / "home")


def test_too_little_room_is_refused_with_both_numbers(tmp_path: Path) -> None:
    state.refuse_too_little_room(state.MIN_FREE_BYTES, tmp_path)
    with pytest.raises(errors.StackError, match="999 MB are free and 1000 MB are needed"):
        state.refuse_too_little_room(state.MIN_FREE_BYTES - 1, tmp_path)


def test_the_environment_chooses_the_folder(tmp_path: Path) -> None:
    assert state.find_folder({"RIVULET_HOME": str(tmp_path)}) == tmp_path
    assert state.find_folder({}) == state.CHECKOUT / ".rivulet"


def test_a_description_cut_off_by_a_power_failure_counts_as_none(tmp_path: Path) -> None:
    home = state.open_state(tmp_path)
    described = record.StackRecord(supervisor=record.ProcessRecord.own())
    record.write(home, described)
    assert record.read(home) == described
    for spoiled in (b"", b'{"supervisor": {"pid"', b"[]", b'{"supervisor": 5}'):
        home.stack_file.write_bytes(spoiled)
        assert record.read(home) is None


def test_a_process_is_told_from_a_later_one_with_the_same_number() -> None:
    own = record.ProcessRecord.own()
    assert own.process() is not None
    assert record.ProcessRecord(pid=os.getpid(), started=own.started - 3600).process() is None
