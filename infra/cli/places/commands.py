"""`rivulet audit` and `rivulet reindex`."""

import asyncio
import json
from typing import Annotated
from uuid import UUID

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value, for programs.")]


def audit(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what is wrong, and look again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare Postgres with Chroma, both ways; exit code 0 if they agree, or do after --repair."""
    from infra.cli.console import out, write
    from infra.cli.places import audit as auditing

    report = asyncio.run(auditing.run(repair))
    if as_json:
        write(json.dumps(report.as_json()) + "\n")
    else:
        out().print(report.as_text())
    raise typer.Exit(0 if report.agree else 1)


def reindex(
    model: Annotated[str | None, typer.Option(help="The embedding model to change to.", show_default=False)] = None,
    library: Annotated[UUID | None, typer.Option(help="Only this library.", show_default=False)] = None,
    status: Annotated[bool, typer.Option("--status", help="Show how far it is.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Stop building; what is built stays.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what was stopped or failed; take what the check held back.")
    ] = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="Drop what is not finished and stay as it is.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build all vectors anew with another model beside the old ones, check them, and swap library by library.

    Searches go on all the while. It goes on without this command, too: Ctrl-C stops only the watching.
    """
    from infra.cli.places import reindex as reindexing

    asked = {"--model": model is not None, "--status": status, "--stop": stop, "--resume": resume, "--abandon": abandon}
    chosen = [name for name, given in asked.items() if given]
    if len(chosen) != 1:
        raise typer.BadParameter(f"give one of {', '.join(asked)}")
    only = str(library) if library else None
    if model is not None:
        raise typer.Exit(0 if reindexing.change(model, only, as_json) else 1)
    reindexing.control(chosen[0].removeprefix("--"), only, as_json)
