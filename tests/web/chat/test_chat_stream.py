"""Fast answers in long conversations, and answers to somebody who was away, are whole. How smooth: benchmarks."""

import re
import time
from typing import Any

from playwright.sync_api import expect

from tests.slow_model import SlowModel
from tests.waiting import eventually
from tests.web.chat.conftest import Open
from tests.web.people import READY_MS
from tests.web.readers import Chat, Reader

TURNS = 30  # each a question and an answer
DELTAS_PER_SECOND = 50
SECONDS = 6  # 300 pieces
AWAY_MS = 10_000
FIRST_HALF = "has been watched"
QUESTION = "When was the weir at Marbruck built?"


def test_a_fast_answer_in_a_long_conversation_is_shown_whole(chat: Open, reader: Reader, slow: SlowModel) -> None:
    conversation = reader.conversation("Long")
    _ask_all(reader, conversation)
    slow.goes_on.clear()
    talk = chat(f"/chat/{conversation}")
    expect(talk.visitor.answers).to_have_count(TURNS)
    talk.ask(QUESTION)
    expect(talk.answer).to_contain_text(FIRST_HALF, timeout=READY_MS)
    sent = _stream(talk)
    expect(talk.answer).to_contain_text(f"gate {sent - 1}, ")
    shown = re.findall(r"(?:gate|No\.) (\d+)", talk.answer.inner_text())
    assert [int(number) for number in shown] == list(range(1, sent + 1))


def test_who_was_away_misses_no_character(chat: Open, slow: SlowModel) -> None:
    slow.goes_on.clear()
    talk = chat()
    talk.ask(QUESTION)
    expect(talk.answer).to_contain_text(FIRST_HALF, timeout=READY_MS)
    talk.page.context.set_offline(True)
    expect(talk.page.get_by_text("You are offline.")).to_be_visible()
    slow.goes_on.set()
    talk.page.wait_for_timeout(AWAY_MS)
    talk.page.context.set_offline(False)
    talk.wait_for_end()
    [row] = [each for each in talk.rows() if each["role"] == "assistant"]
    whole = " ".join(row["content"].replace("*", "").replace("[1]", "").split())
    assert " ".join(talk.shown().split()).replace(" .", ".") == whole.replace(" .", ".")


def _ask_all(reader: Reader, conversation: str) -> None:
    """The questions of a long conversation, answered one after the other."""
    for _ in range(TURNS):
        reader.insert("messages", conversation_id=conversation, content=QUESTION)
    done = {"conversation_id": f"eq.{conversation}", "role": "eq.assistant", "status": "eq.complete", "select": "id"}

    def answered() -> None:
        assert len(reader.site.rows("messages", **done)) == TURNS

    eventually(answered, within=120)


def _stream(talk: Chat) -> int:
    """Send what a faster model would have written, in the place of the one that stands still; the number of pieces."""
    answer = _growing(talk)
    offset, pieces = len(answer["content"]), DELTAS_PER_SECOND * SECONDS
    begun = time.monotonic()
    for number in range(1, pieces + 1):
        piece = f"**gate** {number}, " if number % 40 else f"No. {number}.\n\n"
        delta = {"message_id": answer["id"], "fence": answer["fence"], "offset": offset, "text": piece}
        talk.visitor.site.broadcast(f"conversation:{talk.id}", "delta", delta)
        offset += len(piece)
        # A pace, not a wait.
        time.sleep(max(0.0, begun + number / DELTAS_PER_SECOND - time.monotonic()))
    return pieces


def _growing(talk: Chat) -> dict[str, Any]:
    """The row of the answer that is being written, once its draft is all that was sent."""

    def saved() -> dict[str, Any]:
        [row] = [each for each in talk.rows() if each["status"] == "streaming"]
        assert FIRST_HALF in row["content"]
        return row

    return eventually(saved, within=10)
