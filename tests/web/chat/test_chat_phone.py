"""The chat on a phone, and for everybody: no axe finding that is serious."""

import re

import pytest
from playwright.sync_api import Page, expect

from infra.local import web_build
from tests.web.chat.conftest import Open

AXE = web_build.FOLDER / "node_modules" / "axe-core" / "axe.min.js"
FIND = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
  const { violations } = await axe.run(document, { runOnly: { type: "tag", values: tags } });
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
}"""


def serious(page: Page) -> list[str]:
    """What axe finds; it comes through the debugger, which no content policy stops."""
    page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(FIND)
    return found


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


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(chat: Open, phone: bool, scheme: str) -> None:
    talk = chat(phone=phone)
    talk.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    assert serious(talk.page) == []
    talk.ask_and_wait()
    assert serious(talk.page) == []
    talk.answer.get_by_role("button", name=re.compile("^Source 1: ")).first.click()
    expect(talk.page.get_by_role("dialog", name="Source 1").locator("mark")).to_be_visible()
    assert serious(talk.page) == []
