"""Every screen passes axe, light and dark, on a desktop and on a phone, and fits a phone's width."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.web.access import faults
from tests.web.conftest import Enter
from tests.web.people import Visitor
from tests.web.site import Site

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
QUESTION = "Who built the weir at Marbruck?"


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_no_screen_shuts_anybody_out(enter: Enter, site: Site, weir: Path, phone: bool) -> None:
    visitor = enter(phone=phone)
    visitor.page.goto(f"{site.url}/sign-in")
    _look(visitor.page, "sign in")
    account = site.account("axe")
    site.make_operator(account)
    visitor.sign_in(account, "/documents")
    expect(visitor.page.get_by_text("Nothing here yet")).to_be_visible()
    _look(visitor.page, "no documents")
    visitor.drop([weir])
    visitor.wait_until_ready(weir.name)
    _look(visitor.page, "documents")
    _look_at_dialogs(visitor, weir.name)
    _look_at_chat(visitor)
    visitor.open("/ops")
    expect(visitor.page.get_by_role("article", name="Reading")).to_be_visible()
    _look(visitor.page, "operations")


def _look_at_dialogs(visitor: Visitor, title: str) -> None:
    visitor.page.get_by_role("button", name=f"Show the text of {title}").click()
    expect(visitor.page.get_by_role("dialog")).to_contain_text("fish ladder")
    _look(visitor.page, "preview")
    visitor.page.keyboard.press("Escape")
    visitor.page.get_by_role("button", name="Share", exact=True).click()
    expect(visitor.page.get_by_role("dialog").get_by_text("Who has access")).to_be_visible()
    _look(visitor.page, "share")
    visitor.page.keyboard.press("Escape")


def _look_at_chat(visitor: Visitor) -> None:
    visitor.open("/chat")
    expect(visitor.page.get_by_role("textbox", name="Your question")).to_be_visible()
    _look(visitor.page, "new chat")
    visitor.ask(QUESTION)
    expect(visitor.answers.last.get_by_role("button", name="Copy the answer")).to_be_visible(timeout=60_000)
    _look(visitor.page, "answer")
    visitor.answers.last.get_by_role("button", name="Source 1").first.click()
    expect(visitor.page.get_by_role("dialog").locator("mark")).to_be_visible()
    _look(visitor.page, "source")


def _look(page: Page, name: str) -> None:
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
        assert faults(page) == [], f"{name}, {scheme}"
    page.emulate_media(color_scheme="light")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0, f"{name} is {wide} px too wide"
