"""Check and read the embedder's weights, which ship in an installed package.

The package carries the published `sentence-transformers/all-MiniLM-L6-v2` files (Apache-2.0). Its weights are checked
against the hash of the published file before anything is made of them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infra.local.models.package import PACKAGE, WeightsError

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

Weights = NDArray[np.float32]
Tensors = dict[str, Weights]


def verified(path: Path) -> Path:
    """`path` itself if its SHA-256 is that of the published weights, else WeightsError."""
    if not path.is_file():
        raise WeightsError(f"The embedder's weights are missing: {path} does not exist. Reinstall {PACKAGE}.")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != WEIGHTS_SHA256:
        raise WeightsError(
            f"{path} is not the published file: its SHA-256 is {found}, expected {WEIGHTS_SHA256}. Reinstall {PACKAGE}."
        )
    return path


def read_tensors(path: Path) -> Tensors:
    """Every float32 tensor of a safetensors file, by name.

    Layout: a little-endian u64 with the length of a JSON header, the header (`dtype`, `shape`, `data_offsets` for each
    name), then the raw data. https://github.com/huggingface/safetensors#format
    """
    raw = memoryview(path.read_bytes())
    start = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(bytes(raw[8:start]))
    data = raw[start:]
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], np.float32).reshape(entry["shape"])
        for name, entry in header.items()
        if entry.get("dtype") == "F32"
    }
