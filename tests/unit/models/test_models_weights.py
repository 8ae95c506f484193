"""The weights and the network built from them."""

from pathlib import Path

import numpy as np
import pytest

from infra.local.models import artefact, package, weights


def test_the_installed_weights_are_the_published_ones() -> None:
    path = weights.verified(package.model_folder() / "model.safetensors")
    tensors = weights.read_tensors(path)
    assert tensors["embeddings.word_embeddings.weight"].shape == (30522, 384)
    assert all(tensor.dtype == np.float32 for tensor in tensors.values())


def test_other_bytes_are_refused_with_the_way_out(tmp_path: Path) -> None:
    other = tmp_path / "model.safetensors"
    other.write_bytes(b"something else")
    with pytest.raises(package.WeightsError, match=r"not the published file.*Reinstall"):
        weights.verified(other)
    with pytest.raises(package.WeightsError, match="does not exist"):
        weights.verified(tmp_path / "absent")


def test_the_network_is_built_once_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    path = artefact.ensure_embedder(folder)
    written = path.stat()
    assert artefact.ensure_embedder(folder) == path
    assert path.stat().st_mtime_ns == written.st_mtime_ns
    assert list(folder.iterdir()) == [path]
    assert weights.WEIGHTS_SHA256[:12] in path.name


def test_an_interrupted_build_leaves_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> Path:
        raise package.WeightsError("interrupted")

    monkeypatch.setattr(weights, "verified", fail)
    with pytest.raises(package.WeightsError):
        artefact.ensure_embedder(tmp_path)
    assert list(tmp_path.iterdir()) == []
