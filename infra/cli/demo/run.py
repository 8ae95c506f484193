"""`rivulet demo`: starts the stack if need be, plays, reports, and leaves things as they were."""

import asyncio
import json
import os

from rich.table import Table

from infra.cli import stack_screen
from infra.cli.console import out, seconds, write
from infra.cli.demo import show
from infra.cli.demo.report import Report, middle
from infra.cli.project import local_project
from infra.local import stack


def demo(as_json: bool, keep: bool) -> int:
    """Play the demo; 0 if everything went as it should, else 1."""
    ran_before = any(part.state != "stopped" for part in stack.status())
    out().print("The local stack is running." if ran_before else "Starting the local stack:")
    try:
        report = Report(stack_start_ms=stack_screen.start())
        asyncio.run(show.run(local_project(os.environ), report))
    finally:
        if not ran_before and not keep:
            out().print("\nStopping the local stack …")
            stack.down()
    _print(report)
    if as_json:
        write(json.dumps(report.as_json()) + "\n")
    return 1 if report.problems else 0


def _print(report: Report) -> None:
    out().print(_documents(report))
    out().print(_questions(report))
    for problem in report.problems:
        out().print(f"wrong: {problem}")
    good = "Everything went as it should." if not report.problems else "Not everything went as it should."
    out().print(f"{good} The stack was up in {seconds(report.stack_start_ms)}.")


def _documents(report: Report) -> Table:
    table = Table("document", "upload → searchable", title="\nDocuments", title_justify="left")
    for name, taken in report.upload_ms.items():
        table.add_row(name, seconds(taken))
    table.add_row("median", _time(middle(list(report.upload_ms.values()))))
    return table


def _questions(report: Report) -> Table:
    table = Table("question", "→ first token", "→ last token", "sources", title="\nQuestions", title_justify="left")
    for asked in report.asked:
        found = asked.answered
        times = (_time(found.first_token_ms), _time(found.last_token_ms)) if found else ("", "")
        table.add_row(asked.expected.question, *times, str(len(found.row.citations)) if found else "")
    figures = report.as_json()
    table.add_row("median", _time(figures["question_to_first_token_ms"]), _time(figures["question_to_last_token_ms"]))
    return table


def _time(milliseconds: int | None) -> str:
    return "–" if milliseconds is None else seconds(milliseconds)
