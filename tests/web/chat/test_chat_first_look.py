"""What is there before the scripts are."""

from typing import Any

from playwright.sync_api import Browser, Route, expect

from tests.web.chat.conftest import Open

SCRIPTS = "**/_next/static/chunks/*.js"


def test_a_page_comes_with_its_conversation(chat: Open, browser: Browser, signed_in: Any) -> None:
    talk = chat()
    talk.ask_and_wait()
    context = browser.new_context(storage_state=signed_in, java_script_enabled=False)
    page = context.new_page()
    page.goto(talk.page.url)
    expect(page.get_by_role("article").last).to_contain_text("built in 1903")
    context.close()


def test_what_is_typed_before_the_scripts_run_stays(chat: Open) -> None:
    talk = chat()
    talk.box.fill("kept before")
    held: list[Route] = []
    talk.page.route(SCRIPTS, lambda route: held.append(route))
    talk.page.reload(wait_until="commit")
    expect(talk.page.locator("main")).to_have_attribute("aria-busy", "true")
    talk.box.fill("typed at once")
    talk.page.unroute(SCRIPTS)  # which lets them go
    talk.visitor.settle()
    expect(talk.page.get_by_role("button", name="Send")).to_be_enabled()
    expect(talk.box).to_have_value("kept before\n\ntyped at once")
