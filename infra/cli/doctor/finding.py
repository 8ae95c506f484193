"""What a look at a project finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `mend`: what to run, or to do, where something is wrong."""

    check: str
    level: Level
    text: str
    mend: str | None = None


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", text)


def wrong(check: str, text: str, mend: str) -> Finding:
    """Something does not work, or is not safe."""
    return Finding(check, "error", text, mend)


def poor(check: str, text: str, mend: str) -> Finding:
    """It works, but not as well as it should."""
    return Finding(check, "warning", text, mend)


def worst(findings: Sequence[Finding]) -> Level:
    """The level of the worst."""
    levels = {finding.level for finding in findings}
    return "error" if "error" in levels else "warning" if "warning" in levels else "ok"
