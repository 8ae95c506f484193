"""The built application on a real stack, in a real browser. The model says what the test wants, when it wants it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests import serving
from tests.slow_model import NAME, SlowModel
from tests.web import chromium
from tests.web.people import Visitor
from tests.web.site import Site, running

DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
EXPECT_MS = 15_000
ANSWER = (
    "The weir at **Marbruck** was built in 1903 by Anton Falk [1]. It was raised by forty centimetres in 1931 and "
    "has been watched by a gauge ever since [1]. When the gauge reads more than 2.4 metres, the lower road is closed "
    "and the fire brigade is told [1]. "
)
DOCUMENT = """# Marbruck weir

## History

The weir at Marbruck was built in 1903 by Anton Falk. It was raised by forty centimetres in 1931.

## Gauge

The weir has been watched by a gauge ever since 1931. When the gauge reads more than 2.4 metres, the lower road is
closed and the fire brigade is told.

## Fish ladder

The fish ladder beside the weir was added in 1987. Trout and grayling pass it in spring.
"""

Enter = Callable[..., Visitor]
expect.set_options(timeout=EXPECT_MS)


@pytest.fixture(scope="session")
def model(model_server: str) -> Iterator[tuple[SlowModel, str]]:
    slow = SlowModel(model_server, ANSWER.split(" ")[:-1])
    slow.goes_on.set()
    with serving.application(lambda _: slow.app) as url:
        yield slow, url
        slow.goes_on.set()


@pytest.fixture(scope="session")
def site(model: tuple[SlowModel, str]) -> Iterator[Site]:
    settings = {
        "TOGETHER_BASE_URL": f"{model[1]}/v1",
        "TOGETHER_API_KEY": "local",
        "CHAT_MODEL": NAME,
        "EMBEDDING_MODEL": "rivulet/all-minilm-l6-v2-int8",
    }
    with running(settings) as site:
        yield site


@pytest.fixture
def slow(model: tuple[SlowModel, str]) -> Iterator[SlowModel]:
    """The model; answers stand still in the middle while `goes_on` is clear."""
    yield model[0]
    model[0].goes_on.set()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        program = chromium.find()
    except LookupError as missing:
        pytest.skip(str(missing))
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=chromium.ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def enter(browser: Browser, site: Site) -> Iterator[Enter]:
    """A new visitor, signed in nowhere; of a context that is given, in another tab of the same browser."""
    with ExitStack() as leaving:

        def begin(phone: bool = False, context: BrowserContext | None = None) -> Visitor:
            if context is None:
                size = PHONE if phone else DESKTOP
                context = browser.new_context(viewport=size, has_touch=phone, reduced_motion="reduce", locale="en-GB")
                leaving.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(EXPECT_MS)
            _watch_console(page)
            return Visitor(page, site)

        yield begin


def _watch_console(page: Page) -> None:
    """What breaks the content policy, or is thrown and not caught, fails the test that opened the page."""
    page.on("pageerror", lambda error: _complaints.append(str(error)))
    page.on("console", lambda said: _complaints.append(said.text) if "Content Security Policy" in said.text else None)


_complaints: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_breaks() -> Iterator[None]:
    _complaints.clear()
    yield
    assert _complaints == []


@pytest.fixture
def weir(tmp_path: Path) -> Path:
    """A document that answers the model's answer."""
    file = tmp_path / "Marbruck weir.md"
    file.write_text(DOCUMENT)
    return file
