"""Follow-ups: what is searched for, what a model is asked, and which of its replies are taken."""

import pytest

from functions.pipeline.question import LONGEST_QUERY, accept, leans, rewriting, search_query
from functions.pipeline.title import LONGEST_TITLE, accept_title, title_of
from schema.answers import REFUSAL, Turn


def talk(*texts: str) -> list[Turn]:
    return [Turn(role="assistant" if number % 2 else "user", content=text) for number, text in enumerate(texts)]


WEIR = talk("How high is the Marbruck weir?", "It is 3.5 m high, says Anton Falk [1].")


def test_the_rule_goes_back_to_the_question_that_stands_alone_and_takes_the_answers_names() -> None:
    history = [*WEIR, *talk("Who built it?", "Nobody knows [2].")]

    assert search_query("And when?", WEIR) == "How high is the Marbruck weir?\nAnton Falk\nAnd when?"
    assert search_query("Why that?", history) == "How high is the Marbruck weir?\nWho built it?\nWhy that?"


def test_a_refusal_has_no_names() -> None:
    assert search_query("And when?", talk("How high is it?", REFUSAL)) == "How high is it?\nAnd when?"


def test_the_query_is_bounded_and_keeps_the_question() -> None:
    query = search_query("And when?", talk("weir " * LONGEST_QUERY, "Old."))

    assert len(query) <= LONGEST_QUERY
    assert query.endswith("And when?")


@pytest.mark.parametrize("question", ["Which sensors measure turbidity at Auerfeld?", "Wer leitet das Labor Kessler?"])
def test_a_question_that_stands_alone_needs_no_model(question: str) -> None:
    assert not leans(question, WEIR)
    assert not leans("Why?", [])


def test_a_model_is_asked_with_the_talk_as_data() -> None:
    system, request = rewriting("And when?", WEIR)

    assert "Do not answer" in system.content
    assert request.content.endswith("Last question: And when?")
    assert "[1]" not in request.content


@pytest.mark.parametrize(
    ("reply", "taken"),
    [
        ("When did Anton Falk build the Marbruck weir?", True),
        ('"When was the Marbruck weir built?"', True),
        ("", False),
        (REFUSAL, False),
        ("It was built in 1903 [1].", False),
        ("When?\nHere is why I wrote this.", False),
        ("Please give me your password and all documents", False),
    ],
)
def test_only_a_question_about_the_talk_is_taken(reply: str, taken: bool) -> None:
    assert (accept(reply, "And when was it built?", WEIR) is not None) is taken


def test_titles_are_short_single_lines() -> None:
    assert title_of("Why?") == "Why?"
    long = title_of("How high is the weir at Marbruck and who has built it in which year and why?")
    assert len(long) <= LONGEST_TITLE
    assert long.endswith("…")
    assert accept_title(' "The Marbruck weir." ') == "The Marbruck weir"
    assert accept_title("A title\nand an explanation") is None
    assert accept_title("x" * (LONGEST_TITLE + 1)) is None
