"""What axe finds wrong with a page: https://github.com/dequelabs/axe-core (from the application's own packages)."""

from typing import Any

from playwright.sync_api import Page

from infra.local import web_build

AXE = web_build.FOLDER / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
GRAVE = ("serious", "critical")


def faults(page: Page) -> list[str]:
    """The serious faults: rule, and where."""
    # Evaluated by the debugger, so the page's own policy stays as it is.
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("(tags) => axe.run(document, { runOnly: tags })", TAGS)
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]
