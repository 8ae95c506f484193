"""What a start tells people."""

import shutil
import sys
from pathlib import Path

import pytest

from infra.cli import stack_screen


def test_the_command_is_named_as_it_can_be_typed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    monkeypatch.setattr(sys, "executable", str(programs / "python"))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.chdir(tmp_path)
    assert stack_screen.own_name() == f"{programs / 'python'} -m infra.cli"

    (programs / "rivulet").touch()
    assert stack_screen.own_name() == ".venv/bin/rivulet"
    monkeypatch.chdir(programs.parent)
    assert stack_screen.own_name() == "bin/rivulet"
    monkeypatch.chdir("/")
    assert (Path("/") / stack_screen.own_name()).samefile(programs / "rivulet")

    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/rivulet")
    assert stack_screen.own_name() == "rivulet"
