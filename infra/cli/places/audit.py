"""The audit as a command: what it needs of the outside, its rounds and its report."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from functions.effects.audit_supabase import SupabaseAudit
from functions.effects.supabase import Supabase
from functions.effects.upkeep_chroma import ChromaUpkeep
from functions.handlers.upkeep.audit import Audit
from functions.handlers.upkeep.compare import Comparison, Findings
from infra.cli.console import counted
from infra.cli.errors import CommandError
from infra.local import stack
from schema.settings import Settings

KINDS: Mapping[str, str] = {
    "ghost": "vectors of passages that do not exist",
    "misplaced": "vectors where their library is not",
    "mislabelled": "vectors with the labels of something else",
    "missing": "passages without their vector",
    "stray": "collections that are nobody's",
    "empty": "empty collections that are nobody's",
    "pending": "vectors that a purge or move is about to remove",
}


@dataclass(frozen=True)
class Report:
    """What was found, and what a look after the mending found; `after` is None if nothing was to be mended."""

    found: Findings
    after: Findings | None
    in_time: bool

    @property
    def agree(self) -> bool:
        """Whether the two sides agree now."""
        return (self.after or self.found).drift == 0

    def as_json(self) -> dict[str, int | bool | None]:
        """For programs."""
        counts = {kind: self.found.faults[kind] for kind in KINDS}
        return {
            "vectors": self.found.vectors,
            "passages": self.found.passages,
            **counts,
            "drift": self.found.drift,
            "left": (self.after or self.found).drift,
            "repaired": None if self.after is None else self.agree,
        }

    def as_text(self) -> str:
        """For people."""
        lines = [f"Compared {counted(self.found.vectors, 'vector')} with {counted(self.found.passages, 'passage')}."]
        lines += [f"  {count:>6}  {KINDS[kind]}" for kind, count in sorted(self.found.faults.items()) if count]
        if not self.found.drift:
            lines.append("They agree.")
        elif self.after is None:
            lines.append("Mend it with: rivulet audit --repair")
        elif self.agree:
            lines.append(f"Mended. A second look at {counted(self.after.vectors, 'vector')} found nothing wrong.")
        else:
            lines.append(f"Left: {self.after.drift}." + _hint(self.in_time))
        return "\n".join(lines)


async def run(repair: bool) -> Report:
    """Look, and if asked mend and look again until nothing is left, or nothing gets better."""
    settings = _settings()
    supabase = Supabase(settings)
    audit = Audit(Comparison(SupabaseAudit(supabase), ChromaUpkeep(settings.vectors)))
    try:
        found = await audit.look()
        if not repair or not found.faults:
            return Report(found, None, True)
        _check_side(found)
        in_time = await audit.repair(found)
        before, after = found, await audit.look()
        while in_time and 0 < after.drift < before.drift:
            in_time = await audit.repair(after)
            before, after = after, await audit.look()
        return Report(found, after, in_time)
    finally:
        await supabase.close()


def _check_side(found: Findings) -> None:
    """Postgres is right, but not where it is the one that is empty: of another project, or not restored yet."""
    if not found.passages and (found.vectors or found.faults["stray"]):
        raise CommandError(
            "Postgres has no passage, and Chroma has vectors: all of them would be removed. Restore the rows first, or "
            "check whether CHROMA_URL is that of another project. Nothing was changed."
        )


def _hint(in_time: bool) -> str:
    return "" if in_time else " No listener wrote what is missing; start one: python -m listeners move"


def _settings() -> Settings:
    """Those of the environment, or of the local stack. No model is asked, so no key of one is needed."""
    given = os.environ if os.environ.get("SUPABASE_URL") else stack.environment()
    return Settings.for_operator({"TOGETHER_API_KEY": "not-needed", **given})
