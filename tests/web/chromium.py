"""Finding an installed browser of the Chromium family."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "brave-browser")
PLACES = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "/snap/bin/chromium",
)
# Where `playwright install chromium` puts it.
CACHES = ("~/.cache/ms-playwright", "~/Library/Caches/ms-playwright")
IN_CACHE = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/Chromium")
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]


def find() -> Path:
    """The program. Raises LookupError that names the package to install."""
    for found in _candidates():
        if found.exists():
            return found
    raise LookupError(missing(sys.platform))


def missing(platform: str) -> str:
    """What to do when there is none."""
    install = "brew install --cask chromium" if platform == "darwin" else "apt-get install chromium"
    return (
        f"The web application is tried in a browser, and there is none. Run: {install} (or playwright install chromium)"
    )


def _candidates() -> Iterator[Path]:
    yield from (Path(found) for name in NAMES if (found := shutil.which(name)))
    yield from map(Path, PLACES)
    for cache in CACHES:
        for pattern in IN_CACHE:
            yield from sorted(Path(cache).expanduser().glob(pattern), reverse=True)
