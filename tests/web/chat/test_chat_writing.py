"""What is typed is never lost, nor sent twice."""

import re

from playwright.sync_api import expect

from tests.waiting import eventually
from tests.web.chat.conftest import Open
from tests.web.readers import Reader

TRIES = 6  # of two parts of the page; the framework alone tries each twice


def test_each_conversation_keeps_its_own_draft(chat: Open, reader: Reader) -> None:
    one, two = reader.conversation("One"), reader.conversation("Two")
    talk = chat(f"/chat/{one}")
    talk.box.fill("half a question")
    talk.page.get_by_role("link", name="Two", exact=True).click()
    expect(talk.page).to_have_url(re.compile(two))
    expect(talk.box).to_have_value("")
    talk.page.get_by_role("link", name="One", exact=True).click()
    expect(talk.box).to_have_value("half a question")
    talk.visitor.reload()
    expect(talk.box).to_have_value("half a question")


def test_the_end_of_the_session_keeps_the_text(chat: Open) -> None:
    talk = chat()
    talk.box.fill("a question that took long to write")
    talk.page.context.clear_cookies()
    talk.box.press("Enter")
    expect(talk.page.get_by_text(re.compile("Your session has ended")).first).to_be_visible()
    expect(talk.box).to_have_value("a question that took long to write")


def test_a_question_is_sent_once_when_the_connection_is_back(chat: Open) -> None:
    talk = chat()
    talk.ask_and_wait()
    talk.page.context.set_offline(True)
    talk.ask("And when was it raised?")
    expect(talk.page.get_by_text(re.compile("Not sent"))).to_be_visible()
    talk.page.context.set_offline(False)

    def sent() -> None:
        assert [row["content"] for row in talk.rows() if row["role"] == "user"][1:] == ["And when was it raised?"]

    eventually(sent, within=30)
    expect(talk.page.get_by_text(re.compile("Not sent"))).to_be_hidden()
    talk.wait_for_end()
    expect(talk.visitor.answers).to_have_count(2)


def test_a_first_question_is_sent_when_the_connection_is_back_and_gives_the_page_its_address(chat: Open) -> None:
    talk = chat()
    talk.page.context.set_offline(True)
    talk.ask()
    expect(talk.page.get_by_text(re.compile("Not sent"))).to_be_visible()
    talk.page.context.set_offline(False)
    expect(talk.page).to_have_url(re.compile(r"/chat/[0-9a-f-]{36}$"))
    talk.wait_for_end()


def test_the_library_that_answers_is_seen_and_changed(chat: Open) -> None:
    talk = chat()
    picker = talk.page.get_by_role("combobox", name="Answers come from")
    expect(picker).to_have_value("")
    picker.select_option(label="My documents")
    talk.ask_and_wait()
    [conversation] = talk.visitor.site.rows("conversations", id=f"eq.{talk.id}")
    assert conversation["library_id"] is not None
    picker.select_option(label="All my libraries")

    def everywhere() -> None:
        assert talk.visitor.site.rows("conversations", id=f"eq.{talk.id}")[0]["library_id"] is None

    eventually(everywhere)


def test_keys_work_and_can_be_turned_off(chat: Open) -> None:
    talk = chat()
    talk.page.keyboard.press("Control+k")
    expect(talk.page.get_by_role("searchbox", name="Search conversations")).to_be_focused()
    talk.page.keyboard.press("Shift+Escape")
    expect(talk.box).to_be_focused()
    talk.page.keyboard.press("Control+/")
    keys = talk.page.get_by_role("dialog", name="Keyboard shortcuts")
    keys.get_by_role("switch").click()
    keys.get_by_role("button", name="Close").click()
    talk.page.keyboard.press("Control+k")
    expect(talk.page.get_by_role("searchbox", name="Search conversations")).not_to_be_focused()


def test_a_file_that_is_dropped_on_a_chat_does_not_take_its_place(chat: Open) -> None:
    talk = chat()
    is_taken = talk.page.evaluate(
        """() => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File(["Old weirs."], "weirs.txt"));
          return !document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
        }"""
    )
    assert is_taken
    expect(talk.page.get_by_text("Files are added under Documents")).to_be_visible()


def test_conversations_are_found_named_and_deleted_on_all_devices(chat: Open, reader: Reader) -> None:
    kept, doomed = reader.conversation("Heron colony"), reader.conversation("Doomed talk")
    talk = chat(f"/chat/{doomed}")
    listed = talk.page.get_by_role("navigation", name="Main")
    search = talk.page.get_by_role("searchbox", name="Search conversations")
    search.fill("heron")
    expect(listed.get_by_role("link", name="Doomed talk")).to_be_hidden()
    expect(listed.get_by_role("link", name="Heron colony")).to_be_visible()
    search.fill("")

    listed.get_by_role("link", name="Heron colony").hover()
    talk.page.get_by_role("button", name="Actions for “Heron colony”").click()
    talk.page.get_by_role("menuitem", name="Rename").click()
    talk.page.get_by_role("textbox", name="Name of the conversation").fill("Herons")
    talk.page.keyboard.press("Enter")
    expect(listed.get_by_role("link", name="Herons", exact=True)).to_be_visible()
    reader.change("conversations", kept, title="Herons of spring")  # another device
    expect(listed.get_by_role("link", name="Herons of spring")).to_be_visible()

    listed.get_by_role("link", name="Doomed talk").hover()
    talk.page.get_by_role("button", name="Actions for “Doomed talk”").click()
    talk.page.get_by_role("menuitem", name="Delete").click()
    talk.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(listed.get_by_role("link", name="Doomed talk")).to_be_hidden()
    expect(talk.page).to_have_url(re.compile(r"/chat$"))
    assert talk.visitor.site.rows("conversations", id=f"eq.{doomed}") == []


def test_a_conversation_that_is_not_there_says_so(chat: Open) -> None:
    talk = chat()
    talk.visitor.open("/chat/00000000-0000-4000-8000-000000000000")
    expect(talk.page.get_by_role("heading", name="This conversation is not there")).to_be_visible()
    expect(talk.box).to_be_hidden()


def test_a_new_chat_begins_after_another_and_the_way_back_leads_to_it(chat: Open) -> None:
    talk = chat()
    talk.ask_and_wait()
    first = talk.id
    talk.page.locator("a[href='/chat']", has_text="New chat").click()  # one without a title yet is called that, too
    expect(talk.page).to_have_url(re.compile(r"/chat$"))
    expect(talk.visitor.answers).to_have_count(0)
    talk.ask_and_wait("And when was it raised?")
    assert talk.id != first
    talk.page.go_back()
    expect(talk.page).to_have_url(re.compile(first))
    expect(talk.page.get_by_role("region", name="Conversation")).to_contain_text("When was the weir at Marbruck built?")


def test_without_a_connection_what_was_not_loaded_yet_waits_and_breaks_nothing(chat: Open) -> None:
    talk = chat()
    talk.ask_and_wait()
    missed: list[str] = []
    talk.page.on("requestfailed", lambda request: missed.append(request.url))
    talk.page.context.set_offline(True)
    talk.page.get_by_role("button", name="Copy the answer").hover()
    talk.page.get_by_role("button", name=re.compile("^Share")).click()
    while sum("/chunks/" in url for url in missed) < TRIES:
        talk.page.wait_for_event("requestfailed")
    expect(talk.answer).to_be_visible()
    talk.page.context.set_offline(False)
    expect(talk.page.get_by_role("menuitem").first).to_be_visible()


def test_the_keyboard_comes_back_from_where_it_was_taken(chat: Open, reader: Reader) -> None:
    talk = chat(f"/chat/{reader.conversation('Weirs')}")
    talk.ask_and_wait()
    menu = talk.page.get_by_role("button", name="Actions for “Weirs”")
    name_box = talk.page.get_by_role("textbox", name=re.compile("Name of"))
    question = talk.page.get_by_role("dialog", name="Delete “Weirs”")
    for choice, taker in (("Rename", name_box), ("Delete", question)):
        menu.press("Enter")
        talk.page.get_by_role("menuitem", name=choice).press("Enter")
        expect(taker).to_be_visible()
        talk.page.keyboard.press("Escape")
        expect(menu).to_be_focused()
    talk.page.get_by_role("button", name="Edit and send again").press("Enter")
    expect(talk.page.get_by_role("textbox", name="Edit the question")).to_be_focused()
    talk.page.keyboard.press("Escape")
    expect(talk.box).to_be_focused()
