"""Spans of a text: pairs of character offsets, end exclusive."""

Span = tuple[int, int]


def trimmed(text: str, start: int, end: int) -> Span:
    """The span without the white space at its ends."""
    inner = text[start:end]
    return start + len(inner) - len(inner.lstrip()), end - len(inner) + len(inner.rstrip())
