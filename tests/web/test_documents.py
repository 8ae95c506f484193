"""Libraries and documents: live, for everyone who may see them."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Request, expect

from tests.waiting import eventually
from tests.web.conftest import Enter
from tests.web.people import READY_MS, Visitor
from tests.web.readers import new_reader
from tests.web.site import Site

FILES = Path(__file__).parents[1] / "files"


@pytest.fixture
def ana(enter: Enter, site: Site) -> Visitor:
    """Somebody at the documents."""
    visitor = enter()
    visitor.sign_in(site.account("ana"), "/documents")
    expect(visitor.page.get_by_role("tab", name="My documents")).to_be_visible()
    return visitor


def test_a_file_that_cannot_be_read_says_why_and_can_be_tried_again(ana: Visitor) -> None:
    ana.drop([FILES / "corrupt.pdf"])
    row = ana.document("corrupt.pdf")
    expect(row.get_by_role("button", name="Retry reading corrupt.pdf")).to_be_visible(timeout=READY_MS)
    [document] = ana.site.rows(
        "documents", title="eq.corrupt.pdf", select="id,error_message,updated_at", order="created_at.desc", limit="1"
    )
    expect(row).to_contain_text(document["error_message"])
    row.get_by_role("button", name="Retry reading corrupt.pdf").click()

    def tried_again() -> None:
        [again] = ana.site.rows("documents", id=f"eq.{document['id']}", select="status,updated_at")
        assert (again["status"], again["updated_at"] > document["updated_at"]) == ("failed", True)

    eventually(tried_again, within=30)
    expect(row.get_by_role("button", name="Retry reading corrupt.pdf")).to_be_visible(timeout=READY_MS)


def test_a_locked_file_is_opened_with_its_password(ana: Visitor) -> None:
    ana.drop([FILES / "encrypted.pdf"])
    row = ana.document("encrypted.pdf")
    row.get_by_role("button", name="Unlock encrypted.pdf").click(timeout=READY_MS)
    ana.page.get_by_label("Password of the file").fill("harbour-1874")
    ana.page.get_by_role("button", name="Unlock", exact=True).last.click()
    ana.wait_until_ready("encrypted.pdf")


def test_what_cannot_be_sent_is_refused_at_once(ana: Visitor, weir: Path) -> None:
    ana.drop([FILES / "empty.txt", weir])
    expect(ana.page.get_by_text("“empty.txt” is empty.")).to_be_visible()
    ana.wait_until_ready(weir.name)


def test_a_file_that_has_changed_is_chosen_again(ana: Visitor, weir: Path) -> None:
    def choose() -> None:
        with ana.page.expect_file_chooser() as chooser:
            ana.page.get_by_role("button", name="Upload files").click()
        chooser.value.set_files(weir)

    choose()
    ana.wait_until_ready(weir.name)
    weir.write_text("# Marbruck weir\n\nThe weir was taken down in 2031.")
    choose()
    ana.page.get_by_role("button", name=f"Show the text of {weir.name}").click()
    expect(ana.page.get_by_role("dialog", name=weir.name)).to_contain_text("taken down in 2031", timeout=READY_MS)


def test_a_large_file_arrives_in_pieces(ana: Visitor, tmp_path: Path) -> None:
    large = tmp_path / "großes Protokoll.bin"
    large.write_bytes(os.urandom(8 * 1024**2))  # nobody can read it, so that nobody is kept busy by it
    pieces: list[str] = []

    def note(sent: Request) -> None:
        if "/upload/resumable" in sent.url and sent.method in ("POST", "PATCH"):
            pieces.append(sent.method)

    ana.page.on("request", note)
    ana.drop([large])
    row = ana.document(large.name)
    expect(row.get_by_role("button", name=f"Retry reading {large.name}")).to_be_visible(timeout=READY_MS)
    assert pieces == ["POST", "PATCH"]


def put_in_and_delete(ana: Visitor, file: Path) -> Locator:
    """The row of a document that is gone from the list."""
    ana.drop([file])
    ana.wait_until_ready(file.name)
    row = ana.document(file.name)
    row.get_by_role("button", name="Actions for").click()
    ana.page.get_by_role("menuitem", name="Delete").click()
    expect(row).to_have_count(0)
    return row


def test_a_deletion_can_be_undone(ana: Visitor, weir: Path) -> None:
    row = put_in_and_delete(ana, weir)
    ana.page.get_by_role("button", name="Undo").click()
    expect(row).to_be_visible()
    ana.reload()
    expect(row).to_be_visible()


def test_a_deletion_comes_about_when_the_page_is_left(ana: Visitor, weir: Path) -> None:
    put_in_and_delete(ana, weir)
    ana.reload()
    ana.page.get_by_text("Nothing here yet").wait_for()


def test_the_text_is_shown_and_searched(ana: Visitor, weir: Path) -> None:
    ana.drop([weir])
    ana.wait_until_ready(weir.name)
    ana.page.get_by_role("button", name=f"Show the text of {weir.name}").click()
    preview = ana.page.get_by_role("dialog", name=weir.name)
    expect(preview).to_contain_text("The fish ladder beside the weir was added in 1987.")
    ana.page.keyboard.press("Escape")
    box = ana.page.get_by_role("textbox", name="Find by name, or search inside")
    box.fill("grayling")
    box.press("Enter")
    ana.page.get_by_role("button", name=re.compile("Trout and grayling")).click()
    expect(preview.locator("mark").first).to_have_text("grayling")


def test_the_preview_tells_what_becomes_of_its_document(enter: Enter, site: Site, weir: Path) -> None:
    reader, ana = new_reader(site), enter()
    document = reader.add_document("Gauge book", weir.read_text())
    ana.sign_in(reader.account, "/documents")
    opener = ana.page.get_by_role("button", name="Show the text of Gauge book")
    opener.press("Enter")
    preview = ana.page.get_by_role("dialog", name="Gauge book")
    expect(preview).to_contain_text("added in 1987")
    ana.page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    opener.press("Enter")
    expect(preview).to_contain_text("added in 1987")
    reader.delete("documents", document)
    expect(preview).to_contain_text("This document was deleted, or you cannot see it any more.")


def test_the_preview_of_what_cannot_be_read_says_why(ana: Visitor) -> None:
    ana.drop([FILES / "corrupt.pdf"])
    row = ana.document("corrupt.pdf")
    expect(row.get_by_role("button", name="Retry reading corrupt.pdf")).to_be_visible(timeout=READY_MS)
    row.get_by_role("button", name="Show the text of corrupt.pdf").click()
    expect(ana.page.get_by_role("dialog", name="corrupt.pdf")).to_contain_text("The file is damaged")


def test_a_note_becomes_a_document(ana: Visitor) -> None:
    ana.page.get_by_role("button", name="Add", exact=True).click()
    ana.page.get_by_role("menuitem", name="Write a note").click()
    dialog = ana.page.get_by_role("dialog", name="Write a note")
    dialog.get_by_label("Title").fill("Keys")
    dialog.get_by_label("Text").fill("The key of the gauge house hangs behind the door.")
    dialog.get_by_role("button", name="Add", exact=True).click()
    ana.wait_until_ready("Keys")


def test_a_link_waits_for_the_connection(ana: Visitor) -> None:
    ana.page.evaluate("window.isStillThere = true")
    ana.page.context.set_offline(True)
    expect(ana.page.get_by_text("You are offline.")).to_be_visible()
    ana.go("Chat")
    expect(ana.page.get_by_role("tab", name="My documents")).to_be_visible()
    ana.page.context.set_offline(False)
    expect(ana.page).to_have_url(re.compile("/chat$"))
    assert ana.page.evaluate("window.isStillThere") is True


def test_libraries_are_made_named_shared_left_and_deleted(ana: Visitor, enter: Enter) -> None:
    ana.page.get_by_role("button", name="New library").click()
    ana.page.get_by_label("Name", exact=True).fill("Contracts")
    ana.page.get_by_role("button", name="Create", exact=True).click()
    expect(ana.page.get_by_role("tab", name="Contracts")).to_have_attribute("aria-selected", "true")
    bo = _share_as_editor(ana, enter)
    _rename(ana, "Agreements")
    expect(bo.page.get_by_role("tab", name="Agreements")).to_be_visible()  # live
    bo.page.get_by_role("button", name="Library actions").click()
    bo.page.get_by_role("menuitem", name="Leave the library").click()
    bo.page.get_by_role("dialog").get_by_role("button", name="Leave the library").click()
    expect(bo.page.get_by_role("tab", name="Agreements")).to_have_count(0)
    expect(bo.page.get_by_text("“Agreements”")).to_have_count(1)  # where it has gone is said once
    ana.page.get_by_role("button", name="Library actions").click()
    ana.page.get_by_role("menuitem", name="Delete the library").click()
    ana.page.get_by_role("dialog").get_by_role("button", name="Delete the library").click()
    expect(ana.page.get_by_role("tab")).to_have_count(1)


def _share_as_editor(ana: Visitor, enter: Enter) -> Visitor:
    account = ana.site.account("bo")
    bo = enter()
    bo.sign_in(account, "/documents")
    expect(bo.page.get_by_role("tab", name="My documents")).to_be_visible()
    ana.page.get_by_role("button", name="Share", exact=True).click()
    dialog = ana.page.get_by_role("dialog")
    dialog.get_by_label("E-mail of the person").fill(account.email)
    dialog.get_by_label("May", exact=True).select_option("editor")
    dialog.get_by_role("button", name="Share", exact=True).click()
    bo.page.get_by_role("button", name="Accept").click()  # the offer appears by itself
    expect(bo.page.get_by_role("tab", name="Contracts")).to_have_attribute("aria-selected", "true")
    expect(bo.page.get_by_role("button", name="Upload files")).to_be_visible()
    ana.page.keyboard.press("Escape")
    return bo


def _rename(ana: Visitor, name: str) -> None:
    ana.page.get_by_role("button", name="Library actions").click()
    ana.page.get_by_role("menuitem", name="Rename").click()
    ana.page.get_by_label("Name", exact=True).fill(name)
    ana.page.get_by_role("dialog").get_by_role("button", name="Rename").click()


def test_whoever_loses_a_library_is_told(enter: Enter, site: Site) -> None:
    reader, ana = new_reader(site), enter()
    library = reader.insert("libraries", name="Contracts")["id"]
    ana.sign_in(reader.account, f"/documents?library={library}")
    expect(ana.page.get_by_role("tab", name="Contracts")).to_have_attribute("aria-selected", "true")
    reader.delete("libraries", library)
    expect(ana.page.get_by_text("“Contracts” was deleted, or is not shared with you any more.")).to_be_visible()
    ana.open(f"/documents?library={library}")
    expect(ana.page.get_by_text("This library was deleted, or is not shared with you.")).to_be_visible()
    ana.open(f"/documents?document={library}")
    expect(ana.page.get_by_text("This document was deleted, or you cannot see it any more.")).to_be_visible()


def test_the_keyboard_comes_back_from_the_dialogs_of_a_menu(ana: Visitor) -> None:
    menu = ana.page.get_by_role("button", name="Library actions")
    menu.press("Enter")
    ana.page.get_by_role("menuitem", name="Rename").press("Enter")
    expect(ana.page.get_by_label("Name", exact=True)).to_be_focused()
    ana.page.keyboard.press("Escape")
    expect(menu).to_be_focused()


def test_who_may_only_read_sees_no_way_to_change(ana: Visitor, enter: Enter, weir: Path) -> None:
    ana.drop([weir])
    ana.wait_until_ready(weir.name)
    [library] = ana.site.rows(
        "documents", title=f"eq.{weir.name}", select="library_id", order="created_at.desc", limit="1"
    )
    account = ana.site.account("vera")
    vera = enter()
    ana.page.get_by_role("button", name="Share", exact=True).click()
    dialog = ana.page.get_by_role("dialog")
    dialog.get_by_label("E-mail of the person").fill(account.email.upper())
    dialog.get_by_role("button", name="Share", exact=True).click()
    expect(dialog.get_by_text("has not answered yet")).to_be_visible()
    vera.sign_in(account, "/documents")
    vera.page.get_by_role("button", name="Accept").click()
    expect(vera.page).to_have_url(re.compile(library["library_id"]))
    vera.document(weir.name).get_by_role("button", name="Actions for").click()
    expect(vera.page.get_by_role("menuitem", name="Show the text")).to_be_visible()
    expect(vera.page.get_by_role("menuitem", name="Delete")).to_have_count(0)
