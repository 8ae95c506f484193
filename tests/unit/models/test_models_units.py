"""Passages cut into what an answer can quote."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.local.models.extractive import sentences
from infra.local.models.extractive.prompt import Passage
from infra.local.models.extractive.units import Unit, units

any_text = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("|-#*`>.[]()\n 1"), max_size=400)


def units_of(text: str) -> list[Unit]:
    return units((Passage("1", "title", "section", text),))


def texts_of(text: str) -> list[str]:
    return [unit.text for unit in units_of(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Petersen met Mr. A. Smith at 3.5 NTU, e.g. in Fig. 2 of the report.",
        "Der Vertrag wurde am 3. Oktober 2021 unterzeichnet.",
        "It was bought by Kessler Inc. and resold in Jan. 2020.",
    ],
)
def test_a_full_stop_within_a_sentence_does_not_end_it(text: str) -> None:
    assert sentences.split(text) == [text]


def test_sentences_end_at_their_marks() -> None:
    text = 'It rained. "Why?" she asked. The pump failed! Twelve were hurt… 東京は首都です。人口は多い。'
    assert sentences.split(text) == [
        "It rained.",
        '"Why?" she asked.',
        "The pump failed!",
        "Twelve were hurt…",
        "東京は首都です。",
        "人口は多い。",
    ]


@settings(deadline=None)
@given(any_text)
def test_splitting_keeps_every_visible_character(text: str) -> None:
    assert "".join("".join(sentences.split(text)).split()) == "".join(text.split())


@settings(deadline=None)
@given(any_text)
def test_any_text_gives_units_that_say_something(text: str) -> None:
    for place, unit in enumerate(units_of(text)):
        assert any(map(str.isalnum, unit.text))
        assert (unit.passage, unit.place) == (0, place)


def test_lines_of_a_paragraph_are_joined_and_marks_of_markdown_removed() -> None:
    text = "# Results\n\nTurbidity was **measured**\nat [twelve sites](https://example.org) [3, 4]."
    [unit] = units_of(text)
    assert unit.text == "Turbidity was measured at twelve sites."
    assert unit.heading == "Results"


def test_rows_of_a_table_are_read_under_their_headings() -> None:
    text = "| Site | 2022 | 2023 |\n|---|---:|:--|\n| Altona | 1.2 | 1.4 |\n| Bill \\| Werder | | 2 |"
    assert texts_of(text) == ["Site: Altona; 2022: 1.2; 2023: 1.4", "Site: Bill | Werder; 2023: 2"]


def test_a_table_without_a_rule_has_no_headings() -> None:
    assert texts_of("| a | b |\n| c | d |") == ["a; b", "c; d"]


def test_items_and_labelled_lines_stand_alone() -> None:
    text = "Bring:\n\n- a lamp,\n  charged\n- boots\n\nFrom: ana@example.org\nSubject: Pumps\n\n> They are late."
    found = units_of(text)
    assert [unit.text for unit in found] == [
        "Bring:",
        "a lamp, charged",
        "boots",
        "From: ana@example.org",
        "Subject: Pumps",
        "They are late.",
    ]
    assert [unit.is_item for unit in found] == [False, True, True, False, False, False]
