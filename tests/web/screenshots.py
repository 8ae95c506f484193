"""Pictures of every screen: `python -m tests.web.screenshots [FOLDER]` writes them to frontend/docs/.

Each in light and dark, on a desktop and on a phone, with the demo's documents on a stack of its own.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, StorageState, ViewportSize, expect, sync_playwright

from infra.local import web_build
from tests.web import chromium
from tests.web.people import READY_MS, Visitor
from tests.web.site import Account, Site, running

FOLDER = web_build.FOLDER / "docs"
DOCUMENTS = Path(__file__).parents[2] / "infra" / "cli" / "demo" / "documents"
BROKEN = Path(__file__).parents[1] / "files" / "corrupt.pdf"
QUESTION = "What was the peak discharge at Marbruck Weir during the flood of June 2024?"
ABSENT = "How many beavers live along the Lindach?"
Scheme = Literal["light", "dark"]
SIZES: dict[str, ViewportSize] = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


@dataclass(frozen=True)
class Camera:
    """Takes the same picture in every size and scheme; `session` is that of somebody who has signed in."""

    browser: Browser
    site: Site
    folder: Path
    session: StorageState | None = None

    def take(self, name: str, path: str, pose: Callable[[Visitor], None]) -> None:
        """Go to a page, strike the pose, press the button."""
        for size in SIZES:
            for scheme in SCHEMES:
                with self.visitor(path, size, scheme) as visitor:
                    pose(visitor)
                    visitor.page.wait_for_timeout(400)  # transitions, which no state tells the end of
                    visitor.page.screenshot(path=self.folder / f"{name}-{size}-{scheme}.png")

    @contextmanager
    def visitor(self, path: str, size: str = "desktop", scheme: Scheme = "light") -> Iterator[Visitor]:
        """Somebody at a page."""
        context = self.browser.new_context(
            viewport=SIZES[size],
            device_scale_factor=2 if size == "phone" else 1,
            has_touch=size == "phone",
            color_scheme=scheme,
            locale="en-GB",
            storage_state=self.session,
        )
        visitor = Visitor(context.new_page(), self.site)
        visitor.page.goto(self.site.url + path)
        yield visitor
        context.close()

    def signed_in(self, account: Account) -> "Camera":
        """The camera in the hands of somebody."""
        with self.visitor("/sign-in") as visitor:
            visitor.sign_in(account)
            return replace(self, session=visitor.page.context.storage_state())


def main(folder: Path) -> None:
    """Start everything, fill it, take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with running({}) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.ARGUMENTS)
        account = site.account(email="ana@rivulet.example")
        site.make_operator(account)
        stranger = Camera(browser, site, folder)
        stranger.take("sign-in", "/sign-in", lambda visitor: None)
        camera = stranger.signed_in(account)
        camera.take("documents-empty", "/documents", _see("Nothing here yet"))
        talks = _fill(camera)
        camera.take("documents", "/documents", _see("corrupt.pdf"))
        camera.take("preview", "/documents", _preview)
        camera.take("search", "/documents", _search)
        camera.take("share", "/documents", _share)
        camera.take("chat-empty", "/chat", _see("What would you like to know?"))
        camera.take("chat-answer", talks[0], _answered)
        camera.take("chat-source", talks[0], _source)
        camera.take("chat-refused", talks[1], _see("Not in your documents"))
        camera.take("operations", "/ops", _operations)
        browser.close()


def _fill(camera: Camera) -> list[str]:
    """Upload the demo's documents and a broken one, ask two questions; the paths of the conversations."""
    with camera.visitor("/documents") as visitor:
        expect(visitor.page.get_by_text("Nothing here yet")).to_be_visible()
        visitor.drop([*sorted(DOCUMENTS.iterdir()), BROKEN])
        expect(visitor.page.get_by_text("Ready", exact=True)).to_have_count(10, timeout=2 * READY_MS)
        expect(visitor.page.get_by_role("button", name="Retry reading corrupt.pdf")).to_be_visible(timeout=READY_MS)
        return [_ask(visitor, question) for question in (QUESTION, ABSENT)]


def _ask(visitor: Visitor, question: str) -> str:
    visitor.open("/chat")
    visitor.ask(question)
    expect(visitor.answers.last.get_by_role("button", name="Copy the answer")).to_be_visible(timeout=READY_MS)
    return visitor.page.url.removeprefix(visitor.site.url)


def _see(text: str) -> Callable[[Visitor], None]:
    return lambda visitor: expect(visitor.page.get_by_text(text).first).to_be_visible(timeout=20_000)


def _preview(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Show the text of annual-report-2024.pdf").click()
    expect(visitor.page.get_by_role("dialog").get_by_text("Page 1").first).to_be_visible()


def _search(visitor: Visitor) -> None:
    box = visitor.page.get_by_role("textbox", name="Find by name, or search inside")
    box.fill("flood discharge")
    box.press("Enter")
    expect(visitor.page.locator("mark").first).to_be_visible()


def _share(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Share", exact=True).click()
    expect(visitor.page.get_by_role("dialog").get_by_text("you", exact=True)).to_be_visible()


def _answered(visitor: Visitor) -> None:
    expect(visitor.answers.last.get_by_role("button", name="Copy the answer")).to_be_visible()


def _source(visitor: Visitor) -> None:
    _answered(visitor)
    visitor.answers.last.get_by_role("button", name=re.compile(r"^Source \d")).first.click()
    expect(visitor.page.get_by_role("dialog").locator("mark")).to_be_visible()


def _operations(visitor: Visitor) -> None:
    expect(visitor.page.get_by_role("article", name="Reading")).to_be_visible()
    expect(visitor.page.locator(".recharts-surface").first).to_be_visible()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
