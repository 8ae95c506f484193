"""Comparable words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.models.extractive import words
from infra.local.models.extractive.evidence import likeness


@pytest.mark.parametrize(
    "family",
    [
        ["measured", "measures", "measuring"],
        ["city", "cities"],
        ["plan", "planning", "planned"],
        ["location", "locations", "located"],
        ["Kündigung", "kündigen", "gekündigt"],
        ["Messung", "Messungen", "messen", "gemessen"],
        ["Kalibrierung", "kalibriert", "kalibrieren"],
        ["1,000", "1.000", "1000"],
        ["3.5", "3,5"],
        ["Ada", "Ada's"],
    ],
)
def test_forms_of_a_word_have_one_stem(family: list[str]) -> None:
    assert len({words.stem(word) for word in family}) == 1


@pytest.mark.parametrize(("one", "other"), [("stop", "station"), ("2022", "2023"), ("wart", "flussabwärts")])
def test_different_words_are_not_alike(one: str, other: str) -> None:
    assert likeness(words.stem(one), words.stem(other)) == 0


def test_the_end_of_a_compound_says_more_than_its_beginning() -> None:
    term = words.stem("Kündigungsfrist")
    assert 1 > likeness(words.stem("Frist"), term) > likeness(words.stem("Kündigung"), term) > 0


@settings(deadline=None)
@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30))
def test_likeness_is_symmetric_and_bounded(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other) <= 1
    assert likeness(one, one) == 1


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_has_words_with_stems(text: str) -> None:
    assert all(words.stem(word) for word in words.words(text))


def test_function_words_are_those_of_the_questions_language() -> None:
    assert words.content_words("When did the war end?") == ["war", "end"]
    assert words.content_words("Wann war der Vertrag zu Ende?") == ["Vertrag", "Ende"]
    assert words.is_english("Who signed the contract?")
    assert not words.is_english("Wer hat den Vertrag unterzeichnet?")


def test_unspaced_scripts_are_compared_by_pairs() -> None:
    assert words.words("東京の人口") == ["東京", "京の", "の人", "人口"]


@pytest.mark.parametrize(
    ("written", "value"), [("1,234.5", None), ("1,234", 1234), ("3,5", 3.5), ("−2.25", -2.25), ("12.", 12)]
)
def test_numbers_have_a_value(written: str, value: float | None) -> None:
    assert words.number(written) == value
