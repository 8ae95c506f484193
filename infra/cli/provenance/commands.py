"""`rivulet explain` and `rivulet replay`, for operators: they need the secret key."""

import asyncio
import json
from typing import Annotated, Any
from uuid import UUID

import typer

Answer = Annotated[UUID, typer.Argument(help="The id of an answer's row in messages.", metavar="MESSAGE")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value, for programs.")]


def explain(message: Answer, as_json: AsJson = False) -> None:
    """Show where an answer came from: what was searched, found and given, which model, what it cost."""
    from infra.cli.console import out, write
    from infra.cli.provenance.screen import explanation

    found = _explained(message)
    if as_json:
        write(json.dumps(found) + "\n")
    else:
        out().print(explanation(found))


def replay(
    message: Answer,
    ask: Annotated[bool, typer.Option("--ask", help="Ask the model too, and compare the answers.")] = False,
    as_json: AsJson = False,
) -> None:
    """Search again as then, and show what would be different today. Nothing is written."""
    from infra.cli.console import out, write
    from infra.cli.errors import CommandError
    from infra.cli.provenance import screen
    from infra.cli.provenance.differences import changes, compared, moves
    from infra.cli.provenance.today import answer_today

    found = _explained(message)
    if found["provenance"] is None:
        raise CommandError("Nothing is kept of how this answer came to be: it failed, or has not ended yet.")
    today, text = asyncio.run(answer_today(found, ask))
    moved, changed = moves(found, today), changes(found, today)
    difference = None if text is None else compared(found["content"], text)
    if as_json:
        described = {"passages": [vars(each) for each in moved], "changes": changed, "answer": text, "diff": difference}
        write(json.dumps(described) + "\n")
        return
    out().print(screen.replay(moved, changed, found["chunks"]))
    if difference is not None:
        write((difference or "The model would say the same.") + "\n")


def _explained(message: UUID) -> Any:
    from infra.cli.engine.calls import Engine
    from infra.cli.errors import CommandError

    found = Engine().call("explain_answer_v1", message=str(message))
    if found is None:
        raise CommandError(
            f"There is no answer {message}. A question's id is not enough: its answer has one of its own."
        )
    return found
