"""Fusing rankings, choosing passages, completing questions."""

from uuid import UUID

import pytest

from functions.pipeline.fuse import fuse
from functions.pipeline.question import search_query
from functions.pipeline.select import BUDGET_TOKENS, MOST_PASSAGES, select
from schema.answers import Passage, Turn

A, B, C, D = (UUID(int=n) for n in range(4))


def passage(chunk: UUID, tokens: int = 10, text: str | None = None) -> Passage:
    return Passage(
        chunk_id=chunk,
        document_id=UUID(int=99),
        title="t",
        page=None,
        heading_path=[],
        ordinal=0,
        text=text or str(chunk),
        tokens=tokens,
    )


def test_what_both_searches_find_rises() -> None:
    assert fuse([[A, B, C], [D, B]])[0] == B


def test_one_search_alone_keeps_its_order() -> None:
    assert fuse([[C, A, B], []]) == [C, A, B]
    assert fuse([[], []]) == []


def test_only_visible_passages_are_chosen() -> None:
    assert [p.chunk_id for p in select([A, B, C], {A: passage(A), C: passage(C)})] == [A, C]


def test_the_same_text_is_given_once() -> None:
    assert len(select([A, B], {A: passage(A, text="same"), B: passage(B, text="same")})) == 1


def test_the_budget_holds_and_smaller_passages_fill_it() -> None:
    visible = {A: passage(A, BUDGET_TOKENS - 5), B: passage(B, 10), C: passage(C, 5)}

    assert [p.chunk_id for p in select([A, B, C], visible)] == [A, C]


def test_no_more_passages_than_a_reader_can_check() -> None:
    many = [UUID(int=n) for n in range(50)]

    assert len(select(many, {chunk: passage(chunk, 1) for chunk in many})) == MOST_PASSAGES


HISTORY = [Turn(role="user", content="How high is the Marbruck weir?"), Turn(role="assistant", content="3.5 m [1].")]


@pytest.mark.parametrize("question", ["And who built it?", "Why?", "Und wer hat sie gebaut?", "What about the ladder?"])
def test_a_question_that_leans_is_searched_with_the_one_before(question: str) -> None:
    assert search_query(question, HISTORY) == f"How high is the Marbruck weir?\n{question}"


@pytest.mark.parametrize("question", ["Which sensors measure turbidity at Auerfeld?", "Wer leitet das Labor Kessler?"])
def test_a_question_that_stands_alone_is_searched_alone(question: str) -> None:
    assert search_query(question, HISTORY) == question


def test_the_first_question_has_nothing_to_lean_on() -> None:
    assert search_query("Why?", []) == "Why?"
