"""The sieve: what is let through needs never be taken back, however the text was cut."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.sieve import LINK_REMOVED, Sieve
from tests.sieving import sieve

GIVEN = ["The rules are at https://water.example/rules and nowhere else."]
pieces = st.sampled_from(
    [
        "The weir",
        " ",
        "\n",
        "[1]",
        "[2]",
        "[9]",
        " [1, 7]",
        "[",
        "]",
        "(",
        ")",
        "!",
        "![x]",
        "](http://evil.example/a)",
        "//",
        "http",
        "s://evil.example/?q=1",
        "www.",
        "【3】",
        "【1†a",
        "】",
        "https://water.example/rules",
        ".",
        "[^1]",
        ":",
        "1",
    ]
)
answers = st.lists(pieces | st.text(max_size=4), max_size=14).map("".join)


@given(answers, st.lists(st.integers(1, 6), min_size=1, max_size=60))
def test_the_result_does_not_depend_on_how_the_text_was_cut(answer: str, lengths: list[int]) -> None:
    cut, passed, place = Sieve(2, GIVEN), "", 0
    for length in lengths:
        passed += cut.feed(answer[place : place + length])
        place += length
    passed += cut.feed(answer[place:]) + cut.end()

    assert passed == sieve(answer, 2, GIVEN)
    assert passed == passed.strip()


@given(answers)
def test_no_marker_points_nowhere_nothing_is_loaded_and_no_link_is_new(answer: str) -> None:
    passed = sieve(answer, 2, GIVEN)

    assert {int(number) for number in re.findall(r"\[(\d{1,3})\]", passed)} <= {1, 2}
    assert not re.search(r"!\[[^\]]*\]\(", passed)
    assert not re.search(r"\]\((?!https://water)", passed)
    assert not re.search(r"(?:https?:)?//evil", passed)


@pytest.mark.parametrize(
    ("answer", "passed"),
    [
        ("It is 3.5 m high [1][7]. It is blue [9].", "It is 3.5 m high [1]. It is blue."),
        ("Both say so [1, 2, 5].", "Both say so [1][2]."),
        ("So it is 【1†source】.", "So it is [1]."),
        ("See ![map](https://evil.example/p.png?q=secret)!", "See [map]!"),
        ("See [here](https://evil.example/?q=secret).", "See [here]."),
        ("See [the rules](https://water.example/rules).", "See [the rules](https://water.example/rules)."),
        ("It is at https://evil.example/?q=1.", f"It is at {LINK_REMOVED}."),
        ("It is at https://water.example/rules.", "It is at https://water.example/rules."),
        ("What height![1]", "What height![1]"),
        ("It is high [[999]1].", "It is high [ 1]."),
        ("It is high [9[99]9].", "It is high [9 9]."),
        ("It is high [9[99]].", "It is high [9 ]."),
        ("Click [1](https://evil.example/a)", f"Click [1] ({LINK_REMOVED})"),
        ("a // b and 3/4", "a // b and 3/4"),
    ],
)
def test_what_is_left_out_and_what_stays(answer: str, passed: str) -> None:
    assert sieve(answer, 2, GIVEN) == passed


def test_what_was_left_out_is_counted() -> None:
    whole = Sieve(1, [])
    whole.feed("a [2] b [3][1] c http://evil.example/x d")
    whole.end()

    assert (whole.forged, whole.links) == (2, 1)


def test_words_are_not_held_back_longer_than_needed() -> None:
    assert Sieve(1, []).feed("The weir is old") == "The weir is old"
    assert Sieve(1, []).feed("The weir [") == "The weir"


@pytest.mark.parametrize(
    ("answer", "passed"),
    [
        ("[1]//elsewhere", "[1] (link removed)"),
        ("[1][9](seen)", "[1] (seen)"),
        ("![9][x](https://water.example/rules)", "! [x](https://water.example/rules)"),
    ],
)
def test_what_is_left_out_makes_no_link_of_what_stands_around_it(answer: str, passed: str) -> None:
    assert sieve(answer, 2, GIVEN) == passed
