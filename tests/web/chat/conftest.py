"""Somebody whose library tells of the weir at Marbruck, signed in and ready to ask."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.web import conftest as web
from tests.web.people import Visitor
from tests.web.readers import Chat, Reader, new_reader
from tests.web.site import Site

TITLE = "Marbruck weir.md"
Open = Callable[..., Chat]


@pytest.fixture(scope="session")
def reader(site: Site) -> Reader:
    """Somebody whose library tells of the weir at Marbruck."""
    made = new_reader(site)
    made.add_document(TITLE, web.DOCUMENT)
    return made


@pytest.fixture(scope="session")
def signed_in(browser: Browser, site: Site, reader: Reader) -> Any:
    """The reader's browser, as it is after signing in."""
    context = browser.new_context()
    page = context.new_page()
    Visitor(page, site).sign_in(reader.account)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def chat(browser: Browser, enter: web.Enter, signed_in: Any) -> Iterator[Open]:
    """The reader at a new conversation, or at one that is there; on a phone, or in another tab of a context."""
    with ExitStack() as leaving:

        def begin(path: str = "/chat", phone: bool = False, context: BrowserContext | None = None) -> Chat:
            if context is None:
                size = web.PHONE if phone else web.DESKTOP
                context = browser.new_context(
                    viewport=size, has_touch=phone, is_mobile=phone, reduced_motion="reduce", storage_state=signed_in
                )
                leaving.callback(context.close)
            visitor = enter(context=context)
            visitor.open(path)
            expect(visitor.page.get_by_role("textbox", name="Your question")).to_be_editable()
            return Chat(visitor)

        yield begin
