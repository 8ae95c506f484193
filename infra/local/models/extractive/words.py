"""Text → comparable words, in any language: folded, lightly stemmed, numbers in one form."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from infra.local.models.extractive.stopwords import ENGLISH, LANGUAGES

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0e7f"
_WORD = re.compile(rf"\d+(?:[.,:]\d+)*|[{_UNSPACED}]+|[^\W\d_{_UNSPACED}]+(?:['’][^\W\d_]{{1,2}}\b)?")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
_DIGIT_OR_NUMERAL = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundreds?|thousands?|[mb]illions?|half|"
    r"twice|daily|weekly|monthly|yearly|annually|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|hundert|"
    r"tausend|million(?:en)?|halb|täglich|wöchentlich|monatlich|jährlich)\b",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"-?\d{1,3}(?:[.,]\d{3})+")
_ENDINGS = (
    ("ation", "at"), ("iert", "ier"), ("ement", ""), ("ment", ""), ("ungen", ""), ("ing", ""), ("ung", ""), ("ie", "y"),
    ("ern", ""), ("est", ""), ("ed", ""), ("en", ""), ("er", ""), ("em", ""), ("e", ""),
)  # fmt: skip
_SHORTEST_STEM = 3
_PARTICIPLE = re.compile(r"ge\w{3,}(?:t|en)")
"""German: `gekündigt` belongs to `kündigen` and `Kündigung`."""


def words(text: str) -> list[str]:
    """The words of `text` in order, as written; scripts without spaces give overlapping pairs of characters."""
    found: list[str] = []
    for word in _WORD.findall(text):
        found.extend(_pairs(word) if _IS_UNSPACED.match(word) else [word])
    return found


def content_words(question: str) -> list[str]:
    """The words that say what is asked, as written: all but the function words of the question's own language."""
    # In German `war` is a verb, in English it is what the question is about.
    small = _function_words(question)
    return [word for word in words(question) if fold(word) not in small]


def has_number(text: str) -> bool:
    """Whether the text has a number in digits or in words."""
    return bool(_DIGIT_OR_NUMERAL.search(text))


def number(digits: str) -> float | None:
    """The value of a number as written, with either sign for thousands or decimals."""
    try:
        return float(_one_form(digits.strip(".,").replace("−", "-")))
    except ValueError:
        return None


def is_english(text: str) -> bool:
    """Whether English function words are at least as frequent in `text` as any other language's."""
    return _function_words(text) is ENGLISH


@lru_cache(maxsize=256)
def _function_words(text: str) -> frozenset[str]:
    folded = [fold(word) for word in words(text)]
    return max(LANGUAGES, key=lambda language: sum(word in language for word in folded))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """One form for the forms of a word: `measured`, `measures` and `Messung`, `Messungen` lose their endings."""
    if word[0].isdigit():
        return _one_form(word)
    plain = fold(word)
    if len(plain) > _SHORTEST_STEM and plain.endswith("s") and not plain.endswith("ss"):
        plain = plain[:-1]
    if _PARTICIPLE.fullmatch(plain):
        plain = plain[2:].removesuffix("t")
    for ending, instead in _ENDINGS:
        if plain.endswith(ending) and len(plain) - len(ending) >= _SHORTEST_STEM:
            return _undoubled(plain[: -len(ending)] + instead)
    return plain


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """Lower case, without accents and without a genitive's ending."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.split("['’]", plain)[0] or plain


def _one_form(digits: str) -> str:
    """`1,000` and `1.000` as `1000`, `3,5` as `3.5`."""
    return re.sub(r"[.,]", "", digits) if _THOUSANDS.fullmatch(digits) else digits.replace(",", ".")


def _pairs(run: str) -> list[str]:
    return [run[place : place + 2] for place in range(max(1, len(run) - 1))]


def _undoubled(plain: str) -> str:
    """`plann` → `plan`, `fill` stays."""
    return plain[:-1] if len(plain) > 3 and plain[-1] == plain[-2] and plain[-1] not in "lsz" else plain
