"""Build the embedder's int8 network once and keep it; later starts only open the file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from infra.local.models import package, weights

BUILDER_VERSION = 1
"""Raise it whenever the network built from the same weights changes."""


def embedder_path(folder: Path) -> Path:
    """Where the network lies in `folder`: its name tells the weights and the builder it came from."""
    return folder / f"all-minilm-l6-v2-int8-{weights.WEIGHTS_SHA256[:12]}-b{BUILDER_VERSION}.onnx"


def ensure_embedder(folder: Path) -> Path:
    """The network's file in `folder`, built now (about two seconds) if it is not there.

    Several processes may do this at once: each builds its own and the last rename wins with the same bytes.
    Raises package.WeightsError, or OSError if the folder cannot be written.
    """
    path = embedder_path(folder)
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as scratch:
            _build(Path(scratch)).replace(path)
    return path


def _build(scratch: Path) -> Path:
    # Slow to import, and needed once in the life of a state folder.
    import onnx

    from infra.local.models import graph

    tensors = weights.read_tensors(weights.verified(package.model_folder() / "model.safetensors"))
    path = scratch / "network.onnx"
    onnx.save(graph.build(tensors), path)
    return path
