"""What a document says at all, asked by its title."""

import pytest

from infra.local.models.extractive.overview import overview
from infra.local.models.extractive.prompt import Passage
from infra.local.models.extractive.units import units

PASSAGES = (
    Passage("1", "weir_report-2024.pdf", "Summary", "# Summary\n\nThe weir is old. It is 3.5 m high."),
    Passage("2", "Other.md", "", "Bees are busy."),
    Passage("3", "weir_report-2024.pdf", "Repairs › Gates", "The gates rust. They were painted. Nobody minds."),
)


def told(question: str) -> list[str]:
    found = units(PASSAGES)
    return [found[place].text for place in overview(question, PASSAGES, found)]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is “weir report-2024” about?", ["The weir is old.", "It is 3.5 m high.", "The gates rust."]),
        ('What are the key points of "weir report"?', ["The weir is old.", "It is 3.5 m high.", "The gates rust."]),
        ("Which figures does “weir report-20…” name?", ["It is 3.5 m high."]),
        ("What does “weir report-2024” say about “Gates”?", ["The gates rust.", "They were painted.", "Nobody minds."]),
        ("What else does “Other” say?", ["Bees are busy."]),
    ],
)
def test_a_document_is_told_by_how_its_passages_begin(question: str, expected: list[str]) -> None:
    assert told(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "What is “honey” about?",
        "What does “weir report-2024” say about “Fish”?",
        "What does “weir report-2024” say about the salary of Anton Falk?",
        "What is it about?",
        "“”",
    ],
)
def test_what_names_no_document_or_asks_for_more_is_no_such_question(question: str) -> None:
    assert told(question) == []
