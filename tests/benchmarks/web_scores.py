"""Lighthouse's scores of the pages, as on a phone: `python -m tests.benchmarks.web_scores [--rounds N] [--json]`.

The built application (`make up`) on a real project, in a Chromium where somebody is signed in, who has a conversation
of sixty messages and thirty documents; `/sign-in` is scored before that. Every visit is a first one. Medians of the
rounds, with Lighthouse's own measure of how quick the machine was just then. Lighthouse comes from npm, once.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from infra.local import ports, web_node
from tests.benchmarks import figures
from tests.benchmarks.figures import Figure, say
from tests.benchmarks.web_stream import EARLIER, Talk, enter, stage
from tests.web import chromium

LIGHTHOUSE = "lighthouse@13.5.0"
CATEGORIES = ("performance", "accessibility", "best-practices")
TIMES = {"first-contentful-paint": "first_paint_ms", "largest-contentful-paint": "largest_paint_ms",
         "total-blocking-time": "blocked_ms"}  # fmt: skip
PHONE = {"width": 412, "height": 823}
SECONDS = 180
NOTES = 30
AIMS = {"performance": "≥ 0.90", "accessibility": "≥ 0.95"}


def measure(rounds: int) -> dict[str, Figure]:
    """Score each page as often."""
    with stage() as (database, url, site):
        talk = Talk(database, url)
        try:
            talk.say(EARLIER)
            talk.write_notes(NOTES)
            with _phone() as (page, port):
                page.goto(f"{site}/sign-in")
                found = _scores(page, "sign-in", f"{site}/sign-in", port, rounds)
                enter(page, site, talk)
                page.goto("about:blank")  # so that the page is not alive beside the one that is scored
                pages = {"conversation": f"chat/{talk.conversation}", "chat": "chat", "documents": "documents"}
                for name, path in pages.items():
                    found |= _scores(page, name, f"{site}/{path}", port, rounds)
            return found
        finally:
            talk.close()


@contextmanager
def _phone() -> Iterator[tuple[Page, int]]:
    """A browser that keeps who is signed in, and the port at which others may steer it."""
    port = ports.any_free()
    with tempfile.TemporaryDirectory(prefix="rivulet-scores-") as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium.find(),
            args=[*chromium.ARGUMENTS, f"--remote-debugging-port={port}"],
            viewport=PHONE,  # type: ignore[arg-type]
        )
        yield context.pages[0], port
        context.close()


def _scores(page: Page, name: str, address: str, port: int, rounds: int) -> dict[str, Figure]:
    say(f"{name} ...")
    taken = []
    for _ in range(rounds):
        _forget_files(page)
        taken.append(_score(address, port))
    return {f"{name}_{figure}": figures.middle([one[figure] for one in taken]) for figure in taken[0]}


def _forget_files(page: Page) -> None:
    """A first visit is scored; who is signed in stays so."""
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")


def _score(address: str, port: int) -> dict[str, float]:
    node = web_node.find()
    assert node is not None  # the application could not run without
    command = [
        *node.npm, "exec", "--yes", LIGHTHOUSE, "--", address, "--quiet", "--output=json", f"--port={port}",
        "--disable-storage-reset", f"--only-categories={','.join(CATEGORIES)}",
    ]  # fmt: skip
    environment = node.environment(os.environ)
    with tempfile.TemporaryDirectory(prefix="rivulet-scores-") as folder:
        ran = subprocess.run(command, env=environment, cwd=Path(folder), capture_output=True, timeout=SECONDS)
    if ran.returncode:
        raise SystemExit(ran.stderr.decode(errors="replace"))
    return _read(json.loads(ran.stdout))


def _read(report: Mapping[str, Any]) -> dict[str, float]:
    if report["finalDisplayedUrl"].split("?")[0] != report["requestedUrl"]:
        raise SystemExit(f"{report['requestedUrl']} led to {report['finalDisplayedUrl']}.")
    scores = {name.replace("-", "_"): report["categories"][name]["score"] for name in CATEGORIES}
    times = {name: report["audits"][audit]["numericValue"] for audit, name in TIMES.items()}
    return scores | times | {"machine_index": report["environment"]["benchmarkIndex"]}


def main() -> None:
    """Measure and print."""
    parser = figures.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    found = measure(given.rounds)
    figures.show(found, {name: aim for name in found for end, aim in AIMS.items() if name.endswith(end)}, given.json)


if __name__ == "__main__":
    main()
