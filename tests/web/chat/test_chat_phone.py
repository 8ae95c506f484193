"""The chat on a phone, and for everybody."""

import re
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.web.access import faults
from tests.web.chat.conftest import Open


def test_a_source_comes_up_from_below(chat: Open) -> None:
    talk = chat(phone=True)
    talk.ask_and_wait()
    talk.answer.get_by_role("button", name=re.compile("^Source 1: ")).first.tap()
    sheet = talk.page.get_by_role("dialog", name="Source 1")
    expect(sheet.locator("mark")).to_be_visible()
    box = sheet.bounding_box()
    assert box is not None
    assert (box["x"], round(box["y"] + box["height"])) == (0, 844)
    talk.page.touchscreen.tap(195, 40)
    expect(sheet).to_be_hidden()


def test_the_page_fits_and_the_box_is_left_after_sending(chat: Open) -> None:
    talk = chat(phone=True)
    talk.ask_and_wait()
    expect(talk.box).not_to_be_focused()
    assert talk.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert talk.box.evaluate("(box) => parseFloat(getComputedStyle(box).fontSize)") >= 16


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_opens_in_a_chat_shuts_nobody_out(chat: Open, scheme: Literal["light", "dark"]) -> None:
    talk = chat()
    talk.page.emulate_media(color_scheme=scheme)
    talk.ask_and_wait()
    talk.answer.get_by_role("button", name="A bad answer").click()
    talk.answer.get_by_role("button", name="About this answer").click()
    expect(talk.answer.get_by_role("button", name="Send")).to_be_visible()
    assert faults(talk.page) == []
    talk.page.get_by_role("button", name="Edit and send again").click()
    talk.box.press("Control+/")
    expect(talk.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert faults(talk.page) == []
