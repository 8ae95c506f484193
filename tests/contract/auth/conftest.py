"""The mails that Auth sends, as tests read them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.contract.conftest import Project

SITE = "http://127.0.0.1:3000"


@dataclass(frozen=True)
class Landing:
    """Where a link led: status, address without query and fragment, and both of these."""

    status: int
    place: str
    query: dict[str, str]
    fragment: dict[str, str]


class Mailbox:
    """The mailbox of one gateway."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def mails(self, recipient: str) -> list[dict[str, Any]]:
        """The mails to an address, newest first."""
        answer = await self._http.get("/mail/messages", params={"to": recipient})
        assert answer.status_code == 200
        found: list[dict[str, Any]] = answer.json()
        return found

    async def latest(self, recipient: str) -> dict[str, Any]:
        """The newest mail to an address."""
        found = await self.mails(recipient)
        assert found, f"no mail to {recipient}"
        return found[0]

    async def follow(self, link: str) -> Landing:
        """Open a link as a browser does, without going where it leads on."""
        answer = await self._http.get(link)
        parts = urlsplit(answer.headers.get("location", ""))
        place = f"{parts.scheme}://{parts.netloc}{parts.path}"
        return Landing(answer.status_code, place, dict(parse_qsl(parts.query)), dict(parse_qsl(parts.fragment)))


@pytest.fixture
async def mailbox(project: Project) -> AsyncIterator[Mailbox]:
    """The mailbox of the project under test."""
    if not project.local:
        pytest.skip("another Supabase does not show its mails here")
    async with httpx.AsyncClient(base_url=project.url, timeout=30) as http:
        yield Mailbox(http)
