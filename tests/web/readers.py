"""Somebody who has documents already, at the Data API and at a conversation on a page."""

import re
import uuid
from dataclasses import dataclass
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from tests.waiting import eventually
from tests.web.people import Visitor
from tests.web.site import PASSWORD, Account, Site

READY_SECONDS = 60.0


@dataclass(frozen=True)
class Reader:
    """Somebody at the Data API, with their own rights."""

    site: Site
    account: Account
    token: str

    def insert(self, table: str, **values: Any) -> dict[str, Any]:
        """A new row, as the database has it."""
        headers = {**self._headers, "prefer": "return=representation"}
        reply = httpx.post(f"{self.site.supabase_url}/rest/v1/{table}", json=values, headers=headers, timeout=20)
        assert reply.is_success, reply.text
        row: dict[str, Any] = reply.json()[0]
        return row

    def delete(self, table: str, row: str) -> None:
        """A row is gone."""
        url = f"{self.site.supabase_url}/rest/v1/{table}"
        assert httpx.delete(url, params={"id": f"eq.{row}"}, headers=self._headers, timeout=20).is_success

    def change(self, table: str, row: str, **values: Any) -> None:
        """A row is another."""
        url = f"{self.site.supabase_url}/rest/v1/{table}"
        params = {"id": f"eq.{row}"}
        assert httpx.patch(url, params=params, json=values, headers=self._headers, timeout=20).is_success

    def add_document(self, title: str, content: str) -> str:
        """A document of the personal library that can be searched; its id."""
        [library] = self.site.rows("libraries", owner_id=f"eq.{self.account.id}", personal="is.true")
        document: str = self.insert("documents", library_id=library["id"], title=title, content=content)["id"]

        def ready() -> None:
            assert self.site.rows("documents", id=f"eq.{document}")[0]["status"] == "ready"

        eventually(ready, within=READY_SECONDS)
        return document

    def conversation(self, title: str) -> str:
        """A conversation without a word."""
        made: str = self.insert("conversations", id=str(uuid.uuid4()), title=title)["id"]
        return made

    @property
    def _headers(self) -> dict[str, str]:
        return {"apikey": self.site.publishable_key, "authorization": f"Bearer {self.token}"}


def new_reader(site: Site) -> Reader:
    """An account that has signed in."""
    account = site.account("reader")
    reply = httpx.post(
        f"{site.supabase_url}/auth/v1/token?grant_type=password",
        json={"email": account.email, "password": PASSWORD},
        headers={"apikey": site.publishable_key},
        timeout=20,
    )
    reply.raise_for_status()
    return Reader(site, account, reply.json()["access_token"])


@dataclass(frozen=True)
class Chat:
    """A conversation on a page."""

    visitor: Visitor

    @property
    def page(self) -> Page:
        """The page."""
        return self.visitor.page

    @property
    def box(self) -> Locator:
        """Where questions are written."""
        return self.page.get_by_role("textbox", name="Your question")

    @property
    def answer(self) -> Locator:
        """The last answer."""
        return self.visitor.answers.last

    @property
    def id(self) -> str:
        """Of the conversation, from its address."""
        return self.page.url.rsplit("/", 1)[-1]

    def ask(self, question: str = "When was the weir at Marbruck built?") -> None:
        """Send a question."""
        self.visitor.ask(question)

    def ask_and_wait(self, question: str = "When was the weir at Marbruck built?") -> None:
        """Send a question, and wait for the end of its answer."""
        before = self.visitor.answers.count()
        self.ask(question)
        expect(self.visitor.answers).to_have_count(before + 1)
        self.wait_for_end()
        expect(self.page).to_have_url(re.compile(r"/chat/[0-9a-f-]{36}$"))

    def wait_for_end(self) -> None:
        """The last answer is whole."""
        expect(self.answer).to_have_attribute("data-status", "complete")

    def rows(self) -> list[dict[str, Any]]:
        """What the database holds of the conversation, as it is told now."""
        filters = {"conversation_id": f"eq.{self.id}", "superseded_at": "is.null", "order": "position"}
        return self.visitor.site.rows("messages", **filters)

    def shown(self) -> str:
        """The text of the last answer, without its citations."""
        content: str = self.answer.evaluate(
            """(article) => {
              const copy = article.querySelector("[class*=written]").cloneNode(true);
              copy.querySelectorAll("button").forEach((chip) => chip.remove());
              return copy.textContent;
            }"""
        )
        return content
