"""Counts tokens as the embedding model does, by its own tokenizer."""

from collections.abc import Callable
from pathlib import Path

from tokenizers import Tokenizer

MAX_CHARACTERS = 20_000  # more than a passage ever has; of longer text the rest is counted by this part's rate


def token_counter(file: Path) -> Callable[[str], int]:
    """A function that counts, from the model's `tokenizer.json` (Hugging Face's format); safe on any thread."""
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()

    def count(text: str) -> int:
        head = text[:MAX_CHARACTERS]
        tokens = len(tokenizer.encode(head, add_special_tokens=False).ids)
        return tokens if len(head) == len(text) else tokens * len(text) // len(head)

    return count
