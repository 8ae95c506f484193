"""Markers and quotes: what an answer cites was given, and is verbatim."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline.cite import cite
from schema.answers import REFUSAL, Passage
from tests.sieving import sieve

WEIR = "The weir is 3.5 m high. It was built in 1903 by Anton Falk.\nNobody knows why."


def passage(text: str, number: int = 1) -> Passage:
    return Passage(
        chunk_id=UUID(int=number),
        document_id=UUID(int=99),
        title="Report",
        page=None,
        heading_path=[],
        ordinal=0,
        text=text,
        tokens=1,
    )


passages = st.lists(st.text(min_size=1, max_size=200).map(passage), max_size=4)
answers = st.lists(st.text(max_size=40) | st.integers(0, 9).map(lambda n: f" [{n}]"), max_size=12).map("".join)


@given(answers, passages)
def test_every_marker_is_cited_and_every_quote_is_verbatim(answer: str, given_passages: list[Passage]) -> None:
    content = sieve(answer, len(given_passages), [])
    cited = cite(content, given_passages)

    markers = {int(number) for number in re.findall(r"\[(\d{1,3})\]", content)}
    assert markers == {citation.marker for citation in cited.citations}
    for citation in cited.citations:
        source = given_passages[citation.marker - 1]
        assert citation.chunk_id == source.chunk_id
        assert source.text[citation.char_start : citation.char_end] == citation.quote


@given(answers, passages)
def test_doubts_are_spans_of_the_answer_that_do_not_overlap(answer: str, given_passages: list[Passage]) -> None:
    content = sieve(answer, len(given_passages), [])

    end = 0
    for doubt in cite(content, given_passages).doubts:
        assert end <= doubt.start < doubt.end <= len(content)
        end = doubt.end


def test_the_quote_is_the_sentence_that_the_claim_rests_on() -> None:
    cited = cite("Anton Falk built it in 1903 [1].", [passage(WEIR)])

    assert cited.citations[0].quote == "It was built in 1903 by Anton Falk."


def test_one_quote_holds_all_that_a_marker_is_used_for() -> None:
    """The second use says another thing than the first; what neither is about does not lengthen the quote."""
    cited = cite("Nobody knows why [1]. Anton Falk built it in 1903 [1]. Hm [1].", [passage(WEIR)])

    assert [citation.quote for citation in cited.citations] == [
        "It was built in 1903 by Anton Falk.\nNobody knows why."
    ]


def test_a_refusal_is_told_from_an_answer() -> None:
    assert cite(REFUSAL, [passage(WEIR)]).refused
    assert not cite("It is 3.5 m high [1].", [passage(WEIR)]).refused


def test_a_quote_runs_over_the_line_breaks_of_a_page_but_not_into_the_next_row() -> None:
    wrapped = passage("The peak was 214 m³/s, reached on\n3 June at 04:40. Then it fell.\n\n| a | b |\n| 1 | 2 |")

    assert cite("It peaked at 214 m³/s on 3 June [1].", [wrapped]).citations[0].quote == (
        "The peak was 214 m³/s, reached on\n3 June at 04:40."
    )
    assert cite("a b [1].", [wrapped]).citations[0].quote == "| a | b |"


@pytest.mark.parametrize(
    ("answer", "doubted"),
    [
        ("It was built in 1903 by Anton Falk [1].", []),
        ("It was built in 1903 by Anton Falk. [1]", []),
        ("Anton Falk built it [1]. It is blue.", [("It is blue.", "uncited")]),
        ("It was built in 1908 [1].", [("It was built in 1908 [1].", "number")]),
        ("Cheese comes from distant moons [1].", [("Cheese comes from distant moons [1].", "unrelated")]),
        ("1. Anton Falk built it [1].\n2. It is 3,5 m high [1].", []),
        ("Two things are known:\n\n- It was built in 1903 [1].", []),
        (REFUSAL, []),
    ],
)
def test_a_sentence_without_support_is_told(answer: str, doubted: list[tuple[str, str]]) -> None:
    doubts = cite(answer, [passage(WEIR)]).doubts

    assert [(answer[doubt.start : doubt.end], doubt.reason) for doubt in doubts] == doubted
