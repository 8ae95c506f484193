"""What the browser has to fetch and compile before a page works."""

import gzip
import re
from urllib.parse import urljoin

from playwright.sync_api import Page

from tests.web.conftest import Enter
from tests.web.site import Site

MOST_KIB = 350


def test_the_chat_is_light(enter: Enter, site: Site) -> None:
    visitor = enter()
    visitor.sign_in(site.account())
    scripts = first_load(visitor.page, f"{site.url}/chat")
    sizes = {url: len(gzip.compress(script, 6)) for url, script in scripts.items()}
    whole = sum(sizes.values()) / 1024
    heaviest = sorted(((size // 1024, url) for url, size in sizes.items()), reverse=True)[:5]
    assert whole <= MOST_KIB, f"{whole:.0f} KiB: {heaviest}"


def test_scripts_ask_to_be_compiled_while_they_load(enter: Enter, site: Site) -> None:
    scripts = first_load(enter().page, f"{site.url}/sign-in")
    assert scripts
    assert [url for url, script in scripts.items() if not script.startswith(b"//# allFunctionsCalledOnLoad\n")] == []


def first_load(page: Page, url: str) -> dict[str, bytes]:
    """The scripts that a page names; without those for browsers of long ago."""
    html = page.request.get(url).text()
    tags = [tag for tag in re.findall(r"<script[^>]*>", html) if "noModule" not in tag and "nomodule" not in tag]
    paths = {found[1] for tag in tags if (found := re.search(r'src="([^"]+)"', tag))}
    paths |= set(re.findall(r'<link rel="preload" as="script"[^>]*href="([^"]+)"', html))
    return {path: page.request.get(urljoin(url, path)).body() for path in paths}
