"""Text → unit vectors, one text per run, on the calling thread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from numpy.typing import NDArray
from tokenizers import Tokenizer

Vector = NDArray[np.float32]
"""(384,) for a text, (tokens, 384) for its tokens; rows have length 1."""

DIMENSIONS = 384
MAX_TOKENS = 256
"""As the published model is configured; what follows is not read."""
_MAX_CHARACTERS = 16_384
"""More than 256 tokens of any natural text; bounds the tokenizer's work on unnatural ones."""


class Encoder:
    """The embedder; thread-safe."""

    def __init__(self, network: Path, tokenizer: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._session = onnxruntime.InferenceSession(network, _options(), providers=["CPUExecutionProvider"])

    def ids(self, texts: list[str]) -> list[list[int]]:
        """Token ids of each text, with the two markers the network expects around them."""
        encodings = self._tokenizer.encode_batch_fast([text[:_MAX_CHARACTERS] for text in texts])
        return [encoding.ids for encoding in encodings]

    def vector(self, ids: Sequence[int]) -> Vector:
        """The text's unit vector."""
        return self._run(["vector"], ids)[0]

    def read(self, ids: Sequence[int]) -> tuple[Vector, Vector]:
        """The text's unit vector, and the unit vector of each of its tokens, markers included."""
        vector, tokens = self._run(["vector", "tokens"], ids)
        return vector, tokens

    def _run(self, outputs: list[str], ids: Sequence[int]) -> list[Vector]:
        values: list[Vector] = self._session.run(outputs, {"ids": np.array(ids, np.int64)})
        return values


def _options() -> onnxruntime.SessionOptions:
    """One thread per run (callers run texts side by side), and no arena, which would keep its largest size for ever."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    return options
