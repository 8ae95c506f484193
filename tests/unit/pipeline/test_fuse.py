"""Two rankings become one."""

from uuid import UUID

import pytest

from functions.pipeline.fuse import LEAST_WEIGHT, MOST_WEIGHT, fuse
from schema.search import Hit


def hits(*scores: tuple[int, float]) -> list[Hit]:
    return [Hit(UUID(int=number), score) for number, score in scores]


def ranked(found: list[Hit]) -> list[int]:
    return [hit.chunk.int for hit in found]


def test_one_arm_alone_keeps_its_order() -> None:
    found = hits((3, 0.9), (1, 0.5), (2, 0.4))
    assert ranked(fuse([found], [])) == [3, 1, 2]
    assert ranked(fuse([], found)) == [3, 1, 2]
    assert fuse([], []) == []


def test_what_both_find_comes_before_what_one_finds_as_well() -> None:
    assert ranked(fuse([hits((1, 0.8), (2, 0.8), (9, 0.1))], hits((2, 5.0), (3, 5.0))))[0] == 2


def test_an_arm_that_agrees_with_nobody_weighs_least() -> None:
    dense = hits(*((n, 1 - n / 100) for n in range(100)))
    lexical = hits(*((1000 + n, 100.0 - n) for n in range(30)))
    best = {hit.chunk.int: hit.score for hit in fuse([dense], lexical)}
    assert best[0] == pytest.approx(LEAST_WEIGHT)
    assert best[1000] == pytest.approx(1 - LEAST_WEIGHT)


def test_arms_that_agree_weigh_about_the_same() -> None:
    dense = hits(*((n, 1 - n / 100) for n in range(100)))
    lexical = hits(*((n, 100.0 - n) for n in reversed(range(20))))[::-1]
    best = {hit.chunk.int: hit.score for hit in fuse([dense], lexical)}
    assert best[0] == pytest.approx(1.0)
    assert best[99] == 0.0
    assert best[50] == pytest.approx(MOST_WEIGHT * 49 / 99)


def test_agreement_in_a_small_library_is_chance() -> None:
    """Of twenty passages both arms find all: that says nothing about either."""
    dense = hits(*((n, 1 - n / 100) for n in range(20)))
    lexical = hits(*((n, 1.0 + n) for n in reversed(range(20))))
    best = {hit.chunk.int: hit.score for hit in fuse([dense], lexical)}
    assert best[0] == pytest.approx(LEAST_WEIGHT + (1 - LEAST_WEIGHT) / 20)


def test_models_are_compared_by_place_between_their_best_and_worst_not_by_cosine() -> None:
    wide = hits((1, 0.9), (2, 0.1))
    narrow = hits((3, 0.95), (4, 0.94))
    assert set(ranked(fuse([wide, narrow], []))[:2]) == {1, 3}
