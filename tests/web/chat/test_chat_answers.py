"""From a question to its sources, whatever happens in the middle."""

import re

from playwright.sync_api import expect

from tests.slow_model import SlowModel
from tests.waiting import eventually
from tests.web.chat.conftest import TITLE, Open
from tests.web.conftest import ANSWER
from tests.web.readers import Reader

HALF = "raised by forty centimetres"
QUOTE = "built in 1903 by Anton Falk"


def plain(markdown: str) -> str:
    """An answer's words as a page shows them."""
    return re.sub(r"\*\*|\s*\[\d\]", "", markdown).strip()


def words(text: str) -> list[str]:
    return re.sub(r"\s+([.,])", r"\1", text).split()


def test_an_answer_comes_word_by_word_and_opens_its_source(chat: Open, slow: SlowModel) -> None:
    slow.goes_on.clear()
    talk = chat()
    talk.ask()
    expect(talk.answer).to_contain_text("built in 1903")
    expect(talk.answer).not_to_contain_text("fire brigade")
    expect(talk.answer).to_have_attribute("aria-busy", "true")
    slow.goes_on.set()
    talk.wait_for_end()
    assert words(talk.shown()) == words(plain(ANSWER))
    expect(talk.page).to_have_url(re.compile(r"/chat/[0-9a-f-]{36}$"))

    chip = talk.answer.get_by_role("button", name=re.compile("^Source 1: ")).first
    chip.focus()
    chip.press("Enter")
    panel = talk.page.get_by_role("dialog", name="Source 1")
    expect(panel.locator("mark")).to_contain_text("The weir")
    expect(panel).to_contain_text(TITLE)
    talk.page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(chip).to_be_focused()


def test_a_reload_in_mid_answer_loses_nothing(chat: Open, slow: SlowModel) -> None:
    slow.goes_on.clear()
    talk = chat()
    talk.ask()
    expect(talk.answer).to_contain_text("1903")
    expect(talk.page).to_have_url(re.compile(r"/chat/[0-9a-f-]{36}$"))
    talk.visitor.reload()
    expect(talk.answer).to_contain_text("1903")
    expect(talk.answer).to_have_attribute("aria-busy", "true")
    slow.goes_on.set()
    talk.wait_for_end()
    assert words(talk.shown()) == words(plain(talk.rows()[-1]["content"])) == words(plain(ANSWER))


def test_stop_works_from_a_second_tab_and_keeps_the_words(chat: Open, slow: SlowModel) -> None:
    slow.goes_on.clear()
    hung_up = slow.hang_ups
    talk = chat()
    talk.ask()
    expect(talk.answer).to_contain_text(HALF)
    expect(talk.page).to_have_url(re.compile(r"/chat/[0-9a-f-]{36}$"))
    other = chat(f"/chat/{talk.id}", context=talk.page.context)
    other.page.get_by_role("button", name="Stop the answer").click()
    for tab in (talk, other):
        expect(tab.answer).to_contain_text("Stopped")
        expect(tab.answer).to_contain_text("built in 1903")
        expect(tab.page.get_by_role("button", name="Stop the answer")).to_be_hidden()

    def ended() -> None:
        assert slow.hang_ups == hung_up + 1
        assert words(talk.shown()) == words(plain(talk.rows()[-1]["content"]))

    eventually(ended, within=10)


def test_escape_stops(chat: Open, slow: SlowModel) -> None:
    slow.goes_on.clear()
    talk = chat()
    talk.ask()
    expect(talk.answer).to_contain_text("1903")
    talk.box.press("Escape")
    expect(talk.answer).to_have_attribute("data-status", "cancelled")


def test_an_answer_is_given_again(chat: Open) -> None:
    talk = chat()
    talk.ask_and_wait()
    before = talk.rows()[-1]["id"]
    talk.answer.get_by_role("button", name="Answer again").click()

    def another() -> None:
        [_, answer] = talk.rows()
        assert (answer["replaces"], answer["status"]) == (before, "complete")

    eventually(another, within=15)
    talk.wait_for_end()
    expect(talk.visitor.answers).to_have_count(1)


def test_an_edited_question_takes_the_place_of_all_that_followed(chat: Open) -> None:
    talk = chat()
    talk.ask_and_wait()
    talk.ask_and_wait("And when was it raised?")
    expect(talk.visitor.answers).to_have_count(2)
    talk.box.press("ArrowUp")
    editor = talk.page.get_by_role("textbox", name="Edit the question")
    expect(editor).to_have_value("And when was it raised?")
    editor.press("Escape")
    talk.page.get_by_role("region", name="Conversation").get_by_text("When was the weir at Marbruck built?").hover()
    talk.page.get_by_role("button", name="Edit and send again").first.click()
    editor.fill("Who built the weir?")
    editor.press("Enter")
    expect(talk.visitor.answers).to_have_count(1)
    talk.wait_for_end()
    assert [row["content"] for row in talk.rows() if row["role"] == "user"] == ["Who built the weir?"]


def test_a_citation_says_that_its_document_is_gone(chat: Open, reader: Reader) -> None:
    document = reader.add_document(
        "Passing.md", "The footbridge at Passing was painted green in 1977 by the volunteers."
    )
    talk = chat()
    talk.ask_and_wait("Who painted the footbridge at Passing green in 1977?")
    source = talk.answer.get_by_role("list", name="Sources").get_by_role("button", name=re.compile("Passing"))
    source.click()
    panel = talk.page.get_by_role("dialog", name="Source 1")
    expect(panel.locator("mark")).to_contain_text("painted green in 1977")
    reader.delete("documents", document)
    talk.visitor.reload()
    expect(source).to_contain_text("deleted")
    source.click()
    expect(panel).to_contain_text("The document was deleted")
    expect(panel.locator("blockquote")).to_contain_text("painted green in 1977")


def test_feedback_is_kept_with_its_comment(chat: Open, reader: Reader) -> None:
    talk = chat()
    talk.ask_and_wait()
    talk.answer.get_by_role("button", name="A bad answer").click()
    talk.answer.get_by_role("textbox").fill("It names no engineer.")
    talk.answer.get_by_role("button", name="Send").click()
    expect(talk.answer.get_by_role("textbox")).to_be_hidden()
    [feedback] = talk.visitor.site.rows("feedback", message_id=f"eq.{talk.rows()[-1]['id']}")
    assert (feedback["rating"], feedback["comment"]) == (-1, "It names no engineer.")
    talk.visitor.reload()
    expect(talk.answer.get_by_role("button", name="A bad answer")).to_have_attribute("aria-pressed", "true")


def test_a_screen_reader_hears_the_beginning_and_the_end_and_no_words(chat: Open, slow: SlowModel) -> None:
    slow.goes_on.clear()
    talk = chat()
    talk.ask()
    expect(talk.answer).to_contain_text("1903")
    heard = talk.page.locator("main [role=status]").filter(has_text="answer")
    expect(heard).to_have_text("The answer is being written.")
    slow.goes_on.set()
    expect(heard).to_have_text(re.compile("The answer is ready, with 1 source"))
    assert talk.answer.evaluate("(article) => article.closest('[aria-live], [role=status], [role=log]') === null")


def test_a_conversation_is_printed_at_its_full_length(chat: Open) -> None:
    talk = chat()
    talk.ask_and_wait()
    talk.ask_and_wait("And when was it raised?")
    talk.page.set_viewport_size({"width": 794, "height": 300})
    talk.page.emulate_media(media="print")
    expect(talk.box).to_be_hidden()
    expect(talk.page.get_by_role("navigation", name="Main")).to_be_hidden()
    transcript = talk.page.get_by_role("region", name="Conversation")
    hidden = transcript.evaluate("(view) => view.scrollHeight - view.clientHeight")
    assert hidden == 0
    assert transcript.evaluate("(view) => view.clientHeight") > 300
