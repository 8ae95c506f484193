"""Completing questions that lean on the conversation."""

import pytest

from functions.pipeline.question import search_query
from schema.answers import Turn

HISTORY = [Turn(role="user", content="How high is the Marbruck weir?"), Turn(role="assistant", content="3.5 m [1].")]


@pytest.mark.parametrize("question", ["And who built it?", "Why?", "Und wer hat sie gebaut?", "What about the ladder?"])
def test_a_question_that_leans_is_searched_with_the_one_before(question: str) -> None:
    assert search_query(question, HISTORY) == f"How high is the Marbruck weir?\n{question}"


@pytest.mark.parametrize("question", ["Which sensors measure turbidity at Auerfeld?", "Wer leitet das Labor Kessler?"])
def test_a_question_that_stands_alone_is_searched_alone(question: str) -> None:
    assert search_query(question, HISTORY) == question


def test_the_first_question_has_nothing_to_lean_on() -> None:
    assert search_query("Why?", []) == "Why?"
