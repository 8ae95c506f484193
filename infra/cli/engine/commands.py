"""`rivulet queues`, `rivulet jobs …` and `rivulet dead …`."""

import json
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value, for programs.")]


def _queue(text: str) -> str:
    from schema.jobs import Queue

    if text not in list(Queue):
        raise typer.BadParameter(f"there is no queue {text!r}; the queues are {', '.join(Queue)}")
    return text


InQueue = Annotated[str | None, typer.Option(help="Only this queue.", show_default=False, parser=_queue)]
JobId = Annotated[int, typer.Argument(help="The job's id.", min=1, max=2**63 - 1)]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")]
REFRESH_SECONDS = 1.0


class State(StrEnum):
    """Where a live job is."""

    WAITING = "waiting"
    DELAYED = "delayed"
    READY = "ready"
    RUNNING = "running"


jobs_app = typer.Typer(help="List, show and cancel jobs.", no_args_is_help=True)
dead_app = typer.Typer(help="List the jobs that failed for good, and give them a new life.", no_args_is_help=True)


def queues(
    as_json: AsJson = False,
    live: Annotated[bool, typer.Option("--live", help="Show it anew each second, until Ctrl-C.")] = False,
) -> None:
    """Show the job engine: depth and age of each queue, rates, lanes, workers, dead jobs."""
    from infra.cli.engine import screens
    from infra.cli.engine.calls import Engine

    engine = Engine()
    if not live:
        _show(engine.call("engine_status_v1"), as_json, screens.overview)
        return
    from rich.live import Live

    with Live(screens.overview(engine.call("engine_status_v1")), auto_refresh=False) as screen:
        while True:
            time.sleep(REFRESH_SECONDS)
            screen.update(screens.overview(engine.call("engine_status_v1")), refresh=True)


@jobs_app.command("list")
def list_jobs(
    queue: InQueue = None,
    state: Annotated[State | None, typer.Option(help="Only those in this state.", show_default=False)] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List live jobs, oldest first."""
    from infra.cli.engine import screens
    from infra.cli.engine.calls import Engine

    _show(Engine().call("list_jobs_v1", queue=queue, state=state, limit=limit), as_json, screens.jobs)


@jobs_app.command("show")
def show_job(job: JobId) -> None:
    """Print everything about one job, live or ended, as JSON."""
    from infra.cli.console import write
    from infra.cli.engine.calls import Engine
    from infra.cli.errors import CommandError

    found = Engine().call("show_job_v1", job=job)
    if found is None:
        raise CommandError(f"There is no job {job}.")
    write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


@jobs_app.command("cancel")
def cancel_job(job: JobId) -> None:
    """Cancel a job: its document fails and can be tried again, its answer stops. What runs is asked to stop."""
    from infra.cli.console import out
    from infra.cli.engine.calls import Engine
    from infra.cli.errors import CommandError

    reply = Engine().call("cancel_job_v1", job=job)
    if reply["status"] == "unknown":
        raise CommandError(f"There is no live job {job}. If it has ended, `rivulet jobs show {job}` tells how.")
    out().print(f"Cancelled {reply['jobs']} job(s) of that document or answer.")


@dead_app.command("list")
def list_dead(queue: InQueue = None, limit: Limit = 50, as_json: AsJson = False) -> None:
    """List dead jobs, latest first, each with its reason."""
    from infra.cli.engine import screens
    from infra.cli.engine.calls import Engine

    _show(Engine().call("list_dead_v1", queue=queue, limit=limit), as_json, screens.dead)


@dead_app.command("redrive")
def redrive(
    queue: Annotated[str, typer.Argument(help="The queue.", parser=_queue)],
    subject: Annotated[UUID | None, typer.Option(help="Only this document or answer.", show_default=False)] = None,
    limit: Limit = 100,
) -> None:
    """Give dead jobs a new life: their documents and answers start anew."""
    from infra.cli.console import out
    from infra.cli.engine.calls import Engine

    revived = Engine().call("redrive_jobs_v1", queue=queue, subject=subject and str(subject), limit=limit)
    out().print(f"Revived {revived}.")


def operator(
    email: Annotated[str, typer.Argument(help="The e-mail address that the person signs in with.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take it away again.")] = False,
) -> None:
    """Let a person see the operators' page, /ops in the web application. It is recorded."""
    from infra.cli.console import out
    from infra.cli.engine.calls import Engine
    from infra.cli.errors import CommandError

    if not Engine().call("set_operator_v1", email=email, operator=not remove):
        raise CommandError(f"Nobody has signed up as {email}: an operator is somebody who can sign in.")
    out().print(f"{email} is {'no operator any more' if remove else 'an operator and may open /ops'}.")


def _show(found: Any, as_json: bool, screen: Callable[[Any], Any]) -> None:
    from infra.cli.console import out, write

    if as_json:
        write(json.dumps(found) + "\n")
    else:
        out().print(screen(found))
