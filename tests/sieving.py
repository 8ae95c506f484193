"""A text that is known as a whole, as the sieve lets it through."""

from collections.abc import Iterable

from functions.pipeline.sieve import Sieve


def sieve(text: str, markers: int, texts: Iterable[str]) -> str:
    whole = Sieve(markers, texts)
    return whole.feed(text) + whole.end()
