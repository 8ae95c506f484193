"""What people do in the application, by the names that they see."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.web.site import PASSWORD, Account, Site

READY_MS = 60_000
DROP = """(files) => {
  const transfer = new DataTransfer();
  for (const { name, type, content } of files) {
    const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  for (const kind of ["dragenter", "dragover", "drop"]) {
    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}"""


@dataclass(frozen=True)
class Visitor:
    """Somebody at a browser."""

    page: Page
    site: Site

    def sign_up(self, email: str) -> None:
        """Make an account by the form, as a new person does."""
        self.page.goto(self.site.url)
        self.page.get_by_role("button", name="Create an account").click()
        self._enter(email, "Create an account")

    def sign_in(self, account: Account, path: str = "/chat") -> None:
        """Sign in by the form, and go to a page."""
        self.page.goto(f"{self.site.url}/sign-in?next={path}")
        self._enter(account.email, "Sign in")

    def _enter(self, email: str, button: str) -> None:
        self.page.get_by_label("E-mail", exact=True).fill(email)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        form = self.page.locator("form")
        form.get_by_role("button", name=button, exact=True).click()
        expect(self.page).not_to_have_url(re.compile("sign-in"), timeout=20_000)
        self.settle()

    def open(self, path: str) -> None:
        """Go to a page of the application by its address."""
        self.page.goto(f"{self.site.url}{path}")
        self.settle()

    def reload(self) -> None:
        """Load the page again."""
        self.page.reload()
        self.settle()

    def settle(self) -> None:
        """Wait until a page that is seen has come to life."""
        self.page.wait_for_load_state()
        expect(self.page.locator("main[aria-busy=true]")).to_have_count(0)

    def go(self, name: str) -> None:
        """Follow a link of the navigation, which is behind a button on a phone."""
        menu = self.page.get_by_role("button", name="Open the menu")
        if menu.is_visible():
            menu.click()
            self.page.get_by_role("dialog").get_by_role("link", name=name, exact=True).click()
        else:
            self.page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()

    def drop(self, files: Sequence[Path]) -> None:
        """Drop files on the window."""
        given = [
            {"name": file.name, "type": "", "content": base64.b64encode(file.read_bytes()).decode()} for file in files
        ]
        self.page.evaluate(DROP, given)

    def document(self, title: str) -> Locator:
        """The row of a document."""
        return self.page.get_by_role("list", name="Documents").get_by_role("listitem").filter(has_text=title)

    def wait_until_ready(self, title: str) -> None:
        """Wait until a document can be searched."""
        expect(self.document(title).get_by_text("Ready", exact=True)).to_be_visible(timeout=READY_MS)

    def ask(self, question: str) -> None:
        """Type a question and send it."""
        box = self.page.get_by_role("textbox", name="Your question")
        box.fill(question)
        box.press("Enter")

    @property
    def answers(self) -> Locator:
        """All answers that are shown."""
        return self.page.get_by_role("article", name="Answer")
