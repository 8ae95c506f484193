"""What a question asks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.models.extractive import question


def stems(text: str, *earlier: str) -> dict[str, float]:
    return {term.stem: term.weight for part in question.inquiries(text, earlier) for term in part.terms}


def test_a_question_with_two_parts_is_two_inquiries() -> None:
    found = question.inquiries("Who approved the budget, and when does the canteen open?", ())
    assert [part.texts[0] for part in found] == ["Who approved the budget", "when does the canteen open?"]
    assert [part.expects for part in found] == ["anything", "number"]


def test_a_list_is_one_inquiry() -> None:
    assert len(question.inquiries("Which pumps and valves were replaced in Altona and Wedel?", ())) == 1


@pytest.mark.parametrize("text", ["And in 2023?", "What about 2023?", "Und im Jahr 2023?"])
def test_a_follow_up_takes_over_the_words_but_not_the_year(text: str) -> None:
    found = stems(text, "What was the mean turbidity in 2022?")
    assert found["2023"] == 1
    assert 0 < found["turbidity"] < 1
    assert "2022" not in found


def test_a_pronoun_points_back() -> None:
    assert "filt" in stems("Who built it?", "When was the filter installed?")


def test_a_question_that_stands_alone_takes_over_nothing() -> None:
    assert "turbidity" not in stems("Who signed the contract with Kessler?", "What was the mean turbidity?")


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("How many gauging stations does the programme run?", "station"),
        ("Wie viele Mitarbeiter hat die Firma?", "mitarbeit"),
        ("How much does it cost?", ""),
    ],
)
def test_what_is_counted(text: str, counted: str) -> None:
    assert question.inquiries(text, ())[0].counted == counted


def test_comparing_words_are_not_looked_for() -> None:
    [found] = question.inquiries("Compare the turbidity in 2022 and 2023.", ())
    assert found.compares
    assert [term.stem for term in found.terms] == ["turbidity", "2022", "2023"]


def test_names_and_numbers_are_keys_in_english() -> None:
    [found] = question.inquiries("Did Kessler deliver 40 pumps?", ())
    assert {term.stem for term in found.terms if term.is_key} == {"kessl", "40"}
    [german] = question.inquiries("Wie hoch ist der Preis der Pumpe?", ())
    assert not any(term.is_key for term in german.terms)


@settings(deadline=None)
@given(st.text(max_size=500), st.lists(st.text(max_size=200), max_size=4))
def test_any_question_is_understood_within_bounds(text: str, earlier: list[str]) -> None:
    parts = question.inquiries(text, earlier)
    assert len(parts) <= 4
    assert all(0 < len(part.terms) <= 48 for part in parts)
    assert question.whole(text, earlier).texts[0] == text
