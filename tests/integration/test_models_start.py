"""How the model server starts, and how it says that it cannot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local import ports
from tests import serving


def start(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {"MODELS_HOST": ports.HOST, "MODELS_PORT": str(ports.any_free()), "MODELS_DIR": str(folder), **environment}
    return subprocess.run(
        [sys.executable, "-m", "infra.local.models"],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = start(tmp_path / "file" / "models")
    assert ended.returncode == 1
    assert str(tmp_path / "file") in ended.stderr
    assert "Set it to a writable folder" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_missing_variable_is_named(tmp_path: Path) -> None:
    ended = start(tmp_path, MODELS_PORT="none")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("The model server cannot start. MODELS_PORT: ")


def test_an_absent_gguf_file_is_named(tmp_path: Path) -> None:
    ended = start(tmp_path, RIVULET_GGUF=str(tmp_path / "absent.gguf"))
    assert ended.returncode == 1
    assert "absent.gguf does not exist" in ended.stderr


def test_a_gguf_file_that_cannot_be_run_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"not a model")
    ended = start(tmp_path, RIVULET_GGUF=str(file))
    assert ended.returncode == 1
    assert "RIVULET_GGUF" in ended.stderr
    assert "pip install xllamacpp" in ended.stderr or "complete GGUF file" in ended.stderr


def test_it_tells_nobody_that_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What onnxruntime would tell its maker it writes into the home folder first."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    with serving.models(tmp_path / "models"):
        pass
    assert list(home.rglob("*")) == []
