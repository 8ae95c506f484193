"""An answer's text is put together without a character lost or doubled, whatever happens to the broadcasts."""

import uuid
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from functions.serve.answer_text import AnswerText, Piece
from schema.serving import AnswerRow

ANSWER, OTHER = uuid.uuid4(), uuid.uuid4()


def delta(text: str, offset: int, fence: int = 1, answer: uuid.UUID = ANSWER) -> dict[str, Any]:
    return {"message_id": str(answer), "fence": fence, "offset": offset, "text": text}


def row(content: str, fence: int | None = 1, status: str = "streaming") -> AnswerRow:
    return AnswerRow.model_validate(
        {
            "id": ANSWER,
            "conversation_id": OTHER,
            "reply_to": OTHER,
            "content": content,
            "status": status,
            "fence": fence,
            "trace_id": "t",
        }
    )


def put_together(pieces: list[Piece | None]) -> str:
    """As a reader of the stream does."""
    text, fence = "", 0
    for piece in pieces:
        if piece is not None:
            text, fence = ("", piece.fence) if piece.fence > fence else (text, fence)
            assert piece.offset == len(text)
            text += piece.text
    return text


@given(st.data())
def test_any_order_loss_and_repetition_gives_a_beginning_of_the_text(data: st.DataObject) -> None:
    words = data.draw(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=8))
    whole = "".join(words)
    sent = [delta(word, sum(map(len, words[:number]))) for number, word in enumerate(words)]
    arrived = data.draw(st.lists(st.sampled_from(sent), max_size=20))
    reads = data.draw(st.lists(st.integers(0, len(whole)), max_size=3))
    steps: list[Any] = data.draw(st.permutations([*arrived, *reads]))
    text, told = AnswerText(ANSWER), []
    for step in steps:
        if isinstance(step, int):
            text.read(row(whole[:step]))
        else:
            text.hear("delta", step)
        told.append(text.tell())
    assert whole.startswith(put_together(told))
    if all(each in arrived for each in sent):
        assert put_together(told) == whole
    text.read(row(whole))
    assert put_together([*told, text.tell()]) == whole
    assert not text.must_read


def test_a_later_attempt_starts_over_and_an_earlier_one_is_dropped() -> None:
    text = AnswerText(ANSWER)
    told = []
    for step in (delta("old", 0), delta("new", 0, 2), delta("er", 3), delta("er", 3, 2)):
        text.hear("delta", step)
        told.append(text.tell())
    assert told == [Piece(0, "old", 1), Piece(0, "new", 2), None, Piece(3, "er", 2)]
    text.read(row("older", 1))
    assert text.tell() is None


def test_other_answers_of_the_conversation_are_left_alone() -> None:
    text = AnswerText(ANSWER)
    text.hear("delta", delta("theirs", 0, answer=OTHER))
    text.hear("UPDATE", {"record": {"id": str(OTHER)}})
    assert (text.tell(), text.must_read) == (None, False)


def test_gaps_ends_and_nonsense_send_the_reader_to_the_row() -> None:
    for event, payload in (
        ("delta", delta("gap", 5)),
        ("UPDATE", {"record": {"id": str(ANSWER)}}),
        ("delta", {"offset": -1}),
    ):
        text = AnswerText(ANSWER)
        text.hear(event, payload)
        assert text.must_read
        assert not text.ended
    text.hear("UPDATE", {"record": {"id": str(ANSWER), "status": "complete"}})
    assert text.ended
    text.read(row("whole", status="complete"))
    assert (text.must_read, text.tell()) == (False, None)  # the final row is told as such
