"""Whatever is dropped, doubled or overtaken: nothing is shown twice, and the end is what the row says."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from infra.cli.answer_reader import AnswerReader
from infra.cli.rows import AnswerRow

QUESTION = UUID(int=1)
ANSWER = UUID(int=2)
Event = tuple[str, dict[str, Any]]


def row(content: str, status: str, fence: int | None) -> dict[str, Any]:
    return {"id": str(ANSWER), "reply_to": str(QUESTION), "content": content, "status": status, "fence": fence}


def delta(fence: int, offset: int, text: str, message: UUID = ANSWER) -> Event:
    return "delta", {"message_id": str(message), "fence": fence, "offset": offset, "text": text}


def update(content: str, status: str, fence: int | None) -> Event:
    return "UPDATE", {"record": row(content, status, fence), "citations": []}


def take(reader: AnswerReader, events: Sequence[Event]) -> None:
    for event, payload in events:
        reader.hear(event, payload)


texts = st.text(alphabet="ab é[1]\n", max_size=30)


@st.composite
def attempts(draw: st.DrawFn) -> list[tuple[int, str]]:
    """The attempts at an answer: growing fences, each with the text it would write."""
    written = draw(st.lists(texts, min_size=1, max_size=3))
    return [(7 + 3 * number, text) for number, text in enumerate(written)]


@st.composite
def pieces_of(draw: st.DrawFn, fence: int, text: str) -> list[Event]:
    """An attempt's text, cut into deltas."""
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)) | {0, len(text)})
    return [delta(fence, start, text[start:end]) for start, end in pairwise(cuts)]


@st.composite
def stories(draw: st.DrawFn) -> tuple[dict[int, str], list[Event]]:
    """What each fence writes, and what a reader hears and reads of it: some lost, some twice, in any order."""
    plan = draw(attempts())
    heard: list[Event] = []
    for fence, text in plan:
        heard.append(update("", "streaming", fence))
        heard += draw(pieces_of(fence, text))
        heard.append(update(text[: draw(st.integers(0, len(text)))], "streaming", fence))
    kept = [event for event in heard for _ in range(draw(st.integers(0, 2)))]
    return dict(plan), [update("", "pending", None), *draw(st.permutations(kept))]


@given(stories())
def test_the_text_is_always_the_beginning_of_one_attempt_and_ends_as_the_row(
    story: tuple[dict[int, str], list[Event]],
) -> None:
    written, events = story
    reader = AnswerReader(QUESTION)
    for event, payload in events:
        reader.hear(event, payload)
        assert any(text.startswith(reader.text) for text in written.values())
    last = max(written)
    take(reader, [update(written[last], "complete", last)])
    assert reader.final is not None
    assert reader.text == written[last]


@given(st.data(), texts)
def test_pieces_in_any_order_and_number_make_the_whole_text(data: st.DataObject, text: str) -> None:
    pieces = data.draw(pieces_of(9, text))
    doubled = data.draw(st.permutations(pieces + data.draw(st.lists(st.sampled_from(pieces))) if pieces else []))
    reader = AnswerReader(QUESTION)
    take(reader, [update("", "streaming", 9), *doubled])
    assert reader.text == text
    assert not reader.behind


@given(st.data(), texts.filter(lambda text: len(text) > 1))
def test_a_gap_asks_for_the_row_and_the_row_fills_it(data: st.DataObject, text: str) -> None:
    cut = data.draw(st.integers(1, len(text) - 1))
    reader = AnswerReader(QUESTION)
    take(reader, [update("", "streaming", 9), delta(9, cut, text[cut:])])
    assert reader.text == ""
    assert reader.behind

    reader.read(AnswerRow.model_validate(row(text[:cut], "streaming", 9)))
    assert reader.text == text
    assert not reader.behind


def test_a_piece_of_a_lower_fence_is_dropped_and_a_higher_one_starts_over() -> None:
    reader = AnswerReader(QUESTION)
    take(reader, [update("", "streaming", 4), delta(4, 0, "Old "), delta(8, 0, "New ")])
    assert reader.text == "New "
    take(reader, [delta(4, 4, "text"), delta(8, 4, "text")])
    assert reader.text == "New text"


def test_a_draft_that_ends_within_a_piece_is_continued_without_doubling() -> None:
    reader = AnswerReader(QUESTION)
    reader.read(AnswerRow.model_validate(row("The we", "streaming", 4)))
    take(reader, [delta(4, 4, "weir is old.")])
    assert reader.text == "The weir is old."


def test_pieces_of_an_unknown_answer_ask_for_the_row() -> None:
    reader = AnswerReader(QUESTION)
    take(reader, [delta(4, 0, "The ")])
    assert reader.text == ""
    assert reader.behind


def test_other_answers_of_the_conversation_are_left_alone() -> None:
    reader = AnswerReader(QUESTION)
    other = {**row("no", "complete", 3), "reply_to": str(UUID(int=5)), "id": str(UUID(int=6))}
    take(reader, [update("", "pending", None), ("UPDATE", {"record": other}), delta(9, 0, "no", UUID(int=6))])
    assert (reader.text, reader.status, reader.behind, reader.final) == ("", "pending", False, None)


def test_nothing_changes_after_the_end() -> None:
    reader = AnswerReader(QUESTION)
    citation = {"marker": 1, "title": "a.pdf", "page": 3, "quote": "old"}
    ending = ("UPDATE", {"record": row("It is old [1].", "complete", 4), "citations": [citation]})
    take(reader, [ending, delta(9, 0, "Else"), update("Else", "streaming", 9), update("", "failed", 9)])
    assert reader.final is not None
    assert (reader.text, reader.status) == ("It is old [1].", "complete")
    assert [each.page for each in reader.final.citations] == [3]


def test_what_cannot_be_understood_asks_for_the_row() -> None:
    reader = AnswerReader(QUESTION)
    take(reader, [update("", "streaming", 4), ("delta", {"text": "half of a message"})])
    assert reader.behind
