"""An estimate of how many tokens a text has, without any model's tokenizer."""

import re

# Subword tokenizers keep short common words whole, cut long ones about every four letters, take punctuation singly, and
# give about a token to each character of a script without spaces. The estimate errs on the high side.
_WORD = re.compile(r"[^\W\d_]+|\d|[^\w\s]|_")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
_LETTERS_PER_TOKEN = 5
_TABLE_RULE = re.compile(r"^\|(?: ?:?-+:? ?\|)+\n?", re.MULTILINE)


def without_table_rules(text: str) -> str:
    """The text without the lines that only separate a Markdown table's header: many tokens, no meaning."""
    return _TABLE_RULE.sub("", text)


def estimate_tokens(text: str) -> int:
    """Roughly the number of tokens of `text` as it is embedded, rarely too low."""
    return sum(_tokens_of(piece) for piece in _WORD.findall(without_table_rules(text)))


def beginning(text: str, most: int) -> str:
    """As much of a text, from its beginning, as has about so many tokens."""
    tokens = estimate_tokens(text)
    return text if tokens <= most else text[: len(text) * most // tokens]


def _tokens_of(piece: str) -> int:
    if _UNSPACED.search(piece):
        return len(piece)
    return -(-len(piece) // _LETTERS_PER_TOKEN)
