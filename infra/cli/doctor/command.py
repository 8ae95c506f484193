"""`rivulet doctor`."""

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from infra.cli.doctor.finding import Finding, worst

MARKS = {"ok": "✓", "warning": "!", "error": "✗"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value, for programs.")] = False,
) -> None:
    """Examine the project and all services, and say what mends what is wrong (✗, exit code 1) or could be better (!).

    Against the Supabase project that the environment names, else the local stack. It changes nothing.
    """
    from infra.cli.console import out, plain_lines, write
    from infra.cli.doctor.examine import examine
    from infra.local import stack

    environment = os.environ if os.environ.get("SUPABASE_URL") else stack.environment()
    found = asyncio.run(examine(environment))
    if as_json:
        write(json.dumps({"level": worst(found), "findings": [asdict(each) for each in found]}) + "\n")
    else:
        out().print(plain_lines("\n".join(lines(found))))
    raise typer.Exit(1 if worst(found) == "error" else 0)


def lines(found: Sequence[Finding]) -> list[str]:
    """For people: what is well in one line each, what is not with what mends it."""
    shown = []
    for each in found:
        shown.append(f"{MARKS[each.level]} {each.check}: {each.text}")
        if each.mend:
            shown += [f"    {line}" for line in each.mend.splitlines()]
    wrong, poor = (sum(each.level == level for each in found) for level in ("error", "warning"))
    return [*shown, "", f"{wrong} to mend, {poor} to look at." if wrong or poor else "All is well."]
