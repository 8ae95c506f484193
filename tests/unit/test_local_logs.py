"""Log files of the parts."""

from pathlib import Path

import pytest

from infra.local import logs


def test_each_run_gets_an_empty_log_and_a_few_earlier_ones_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "part.log"
    for run in range(logs.KEPT_RUNS + 3):
        logs.begin(file)
        assert not file.exists()
        file.write_text(f"run {run}")
    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert kept == {"part.log": "run 5", "part.log.1": "run 4", "part.log.2": "run 3", "part.log.3": "run 2"}


def test_a_log_that_grows_too_long_is_put_aside_under_its_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 10)
    file = tmp_path / "part.log"
    with file.open("ab", buffering=0) as writer:
        writer.write(b"0123456789")
        logs.shorten(file)
        assert file.read_bytes() == b"0123456789"
        writer.write(b"!")
        logs.shorten(file)
        writer.write(b"next")
    assert file.read_bytes() == b"next"
    assert (tmp_path / "part.log.1").read_bytes() == b"0123456789!"


def test_the_tail_is_the_last_lines(tmp_path: Path) -> None:
    file = tmp_path / "part.log"
    assert logs.tail(file) == ""
    file.write_text("\n".join(str(line) for line in range(100_000)))
    assert logs.tail(file, lines=2) == "99998\n99999"
