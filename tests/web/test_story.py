"""From a new account to a shared library and a deleted document, on a desktop and on a phone."""

import re
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.slow_model import SlowModel
from tests.web.conftest import Enter
from tests.web.people import READY_MS, Visitor

FILES = Path(__file__).parents[1] / "files"
QUESTION = "Who built the weir at Marbruck?"
FIRST_HALF = "has been watched"
LAST_WORDS = "fire brigade is told"


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_a_person_from_sign_up_to_a_deleted_source(enter: Enter, slow: SlowModel, weir: Path, phone: bool) -> None:
    person = enter(phone=phone)
    email = f"ana-{uuid.uuid4().hex[:8]}@rivulet.example"
    person.sign_up(email)
    _drop_three_files(person, weir)
    slow.goes_on.clear()
    _ask_and_see_words_arrive(person)
    _reload_in_the_middle(person)
    slow.goes_on.set()
    expect(person.answers.last).to_contain_text(LAST_WORDS)
    _open_the_source(person)
    slow.goes_on.clear()
    _regenerate_and_stop_from_another_tab(person, enter)
    slow.goes_on.set()
    person.page.get_by_role("button", name="Answer again").click()
    expect(person.answers.last).to_contain_text(LAST_WORDS)
    talk = person.page.url
    _share_and_see(person, enter)
    _delete_the_document(person)
    person.page.goto(talk)
    person.settle()
    _find_the_source_deleted(person)


def _drop_three_files(person: Visitor, weir: Path) -> None:
    person.go("Documents")
    expect(person.page.get_by_text("Nothing here yet")).to_be_visible()
    person.drop([weir, FILES / "sample.pdf", FILES / "sample.docx"])
    for name in (weir.name, "sample.pdf", "sample.docx"):
        person.wait_until_ready(name)


def _ask_and_see_words_arrive(person: Visitor) -> None:
    """The model stands still after the first half."""
    person.go("Chat")
    person.ask(QUESTION)
    expect(person.answers.last).to_contain_text(FIRST_HALF, timeout=READY_MS)
    expect(person.answers.last).to_have_attribute("aria-busy", "true")
    expect(person.answers.last).not_to_contain_text(LAST_WORDS)
    expect(person.page.get_by_role("button", name="Stop the answer")).to_be_visible()


def _reload_in_the_middle(person: Visitor) -> None:
    expect(person.page).to_have_url(re.compile(r"/chat/[0-9a-f-]{36}$"))
    person.reload()
    expect(person.answers.last).to_contain_text(FIRST_HALF)
    expect(person.answers.last).to_have_attribute("aria-busy", "true")


def _open_the_source(person: Visitor) -> None:
    chip = person.answers.last.get_by_role("button", name=re.compile(r"^Source 1: Marbruck weir\.md"))
    chip.first.click()
    panel = person.page.get_by_role("dialog", name="Source 1")
    expect(panel.locator("mark")).to_contain_text("built in 1903 by Anton Falk")
    expect(panel.get_by_role("button", name=re.compile("Open the original"))).to_be_visible()
    person.page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(chip.first).to_be_focused()


def _regenerate_and_stop_from_another_tab(person: Visitor, enter: Enter) -> None:
    person.page.get_by_role("button", name="Answer again").click()
    expect(person.page.get_by_role("button", name="Stop the answer")).to_be_visible()
    other = enter(context=person.page.context)
    other.page.goto(person.page.url)
    other.settle()
    expect(other.answers.last).to_contain_text(FIRST_HALF, timeout=READY_MS)
    other.page.get_by_role("button", name="Stop the answer").click()
    expect(person.answers.last.get_by_text("Stopped")).to_be_visible()
    expect(person.answers.last).to_contain_text(FIRST_HALF)
    other.page.close()


def _share_and_see(person: Visitor, enter: Enter) -> None:
    friend = person.site.account("bo")
    person.go("Documents")
    person.page.get_by_role("button", name="Share", exact=True).click()
    dialog = person.page.get_by_role("dialog")
    dialog.get_by_label("E-mail of the person").fill(friend.email)
    dialog.get_by_role("button", name="Share", exact=True).click()
    expect(dialog.get_by_text("has not answered yet")).to_be_visible()
    person.page.keyboard.press("Escape")
    visitor = enter()
    visitor.sign_in(friend, "/documents")
    visitor.page.get_by_role("button", name="Accept").click()
    expect(visitor.document("sample.pdf")).to_be_visible()
    expect(visitor.page.get_by_role("button", name="Upload files")).to_have_count(0)


def _delete_the_document(person: Visitor) -> None:
    row = person.document("Marbruck weir.md")
    row.get_by_role("button", name="Actions for").click()
    person.page.get_by_role("menuitem", name="Delete").click()
    expect(row).to_have_count(0)
    expect(person.page.get_by_role("button", name="Undo")).to_be_visible()
    expect(person.page.get_by_role("button", name="Undo")).to_have_count(0)  # the time for second thoughts is over


def _find_the_source_deleted(person: Visitor) -> None:
    chip = person.answers.last.get_by_role("button", name=re.compile("^Source 1: .*deleted"))
    chip.first.click()
    panel = person.page.get_by_role("dialog", name="Source 1")
    expect(panel).to_contain_text("The document was deleted. This is what it said:")
    expect(panel).to_contain_text("built in 1903 by Anton Falk")
