"""The best passages say what a question is about."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.feedback import BEST, closeness
from schema.search import Hit

QUESTION = [1.0, 0.0]


def hits(*numbers: int) -> list[Hit]:
    return [Hit(UUID(int=number), 1 - place / 100) for place, number in enumerate(numbers)]


def closest(ranking: list[Hit], vectors: dict[int, list[float]]) -> list[int]:
    by_chunk = {UUID(int=number): vector for number, vector in vectors.items()}
    return [hit.chunk.int for hit in closeness(QUESTION, ranking, by_chunk)]


def test_of_two_equally_near_the_question_the_one_like_the_best_comes_first() -> None:
    best = {number: [0.8, 0.6] for number in range(1, BEST + 1)}
    assert closest(hits(*best, 8, 9), best | {8: [0.5, -0.8], 9: [0.5, 0.8]})[-2:] == [9, 8]


def test_only_the_first_few_feed_back() -> None:
    best = {number: [0.8, 0.6] for number in range(1, BEST + 1)}
    tail = {number: [0.5, -0.8] for number in range(10, 30)}
    assert closest(hits(*best, *tail, 9), best | tail | {9: [0.5, 0.8]})[BEST] == 9


def test_lengths_of_vectors_say_nothing() -> None:
    vectors = {1: [0.8, 0.6], 2: [0.6, 0.8], 3: [0.0, 1.0]}
    longer = {number: [value * 10**number for value in vector] for number, vector in vectors.items()}
    assert closest(hits(1, 2, 3), vectors) == closest(hits(1, 2, 3), longer) == [1, 2, 3]


def test_what_has_no_vector_is_left_out_and_does_not_feed_back() -> None:
    assert closest(hits(9, 2, 1), {1: [0.0, 1.0], 2: [1.0, 0.0]}) == [2, 1]
    assert closest(hits(1, 2), {}) == []


vectors = st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=2)


@given(st.dictionaries(st.integers(0, 50), vectors, min_size=1), st.data())
def test_any_vectors_give_each_candidate_one_finite_place(known: dict[int, list[float]], data: st.DataObject) -> None:
    order = data.draw(st.permutations(sorted(known)))
    scores = data.draw(st.sampled_from([0.0, 1.0]))
    ranking = [Hit(UUID(int=number), scores) for number in order]
    found = closeness(QUESTION, ranking, {UUID(int=number): vector for number, vector in known.items()})
    assert sorted(hit.chunk.int for hit in found) == sorted(known)
    assert all(-1.51 <= hit.score <= 1.51 for hit in found)
    assert [hit.score for hit in found] == pytest.approx(sorted((hit.score for hit in found), reverse=True))
