"""Pieces are joined; those that wait for one that never comes take up no room without end.

That nothing is lost or doubled: tests/unit/serve/test_answer_text.py and tests/unit/cli/test_answer_reader.py.
"""

from uuid import UUID

from functions.pipeline import join
from functions.pipeline.join import Delta, JoinedText


def delta(fence: int, offset: int, text: str) -> Delta:
    return Delta(message_id=UUID(int=1), fence=fence, offset=offset, text=text)


def test_pieces_wait_for_the_missing_one_but_not_without_end() -> None:
    text = JoinedText()
    for offset in range(1, 2 * join.MOST_AHEAD):
        assert text.add(delta(1, offset, "x"))
    assert (text.text, text.gap) == ("", True)

    assert text.read(1, "o")

    assert (text.text, text.gap) == ("o" + join.MOST_AHEAD * "x", False)


def test_an_earlier_attempt_is_left_alone() -> None:
    text = JoinedText()
    assert text.add(delta(2, 0, "new"))

    assert not text.add(delta(1, 0, "old one"))
    assert not text.read(1, "old one")

    assert (text.text, text.fence) == ("new", 2)
