"""The commands of `rivulet`. What they need is imported when they run, so that `rivulet --help` is quick."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from infra.cli.backup import commands as backup_commands
from infra.cli.doctor import command as doctor_command
from infra.cli.engine import commands as engine_commands
from infra.cli.places import commands as places_commands
from infra.cli.provenance import commands as provenance_commands
from infra.cli.worker_token_command import worker_token

app = typer.Typer(
    help="Questions about your own documents, answered with sources. Start with: rivulet up",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(engine_commands.queues)
app.command()(provenance_commands.explain)
app.command()(provenance_commands.replay)
app.add_typer(engine_commands.jobs_app, name="jobs")
app.add_typer(engine_commands.dead_app, name="dead")
app.command()(engine_commands.operator)
app.command()(doctor_command.doctor)
app.command()(backup_commands.backup)
app.command()(backup_commands.restore)
app.command()(backup_commands.drill)
app.command()(places_commands.audit)
app.command()(places_commands.reindex)
app.command()(worker_token)
Parts = Annotated[
    list[str] | None, typer.Argument(help="These parts alone; see rivulet status.", metavar="PART…", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value, for programs.")]


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"rivulet {version('rivulet')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)] = False,
) -> None:
    pass  # what goes for all commands; the help text is the application's own


def _path(text: str) -> Path:
    if not text:  # of a variable that is not set; as a path it would be the folder one is in
        raise typer.BadParameter("a path is empty")
    return Path(text)


@app.command()
def up(parts: Parts = None) -> None:
    """Start the local stack and print its addresses, or start parts that were stopped."""
    from infra.cli import stack_screen
    from infra.cli.console import out
    from infra.local import stack

    for part in parts or ():
        stack.start_part(part)
        out().print(f"{part} is started.")
    if not parts:
        stack_screen.start()
        stack_screen.show_addresses()


@app.command()
def down(parts: Parts = None) -> None:
    """Stop the local stack, or parts of it; nothing stored is lost."""
    from infra.cli.console import out
    from infra.local import stack

    for part in parts or ():
        stack.stop_part(part)
        out().print(f"{part} is stopped.")
    if not parts:
        out().print("The local stack is down." if stack.down() else "The local stack was not running.")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show the parts of the local stack; exit code 0 if all are ready."""
    from infra.cli import stack_screen

    raise typer.Exit(0 if stack_screen.status(as_json) else 1)


@app.command()
def logs(part: Annotated[str, typer.Argument(help="The part; see rivulet status.")]) -> None:
    """Print the latest lines of a part's log."""
    from infra.cli import stack_screen
    from infra.cli.console import write

    write(stack_screen.log_of(part) + "\n")


@app.command()
def env() -> None:
    """Print the stack's settings, secret keys included, for a shell: eval "$(rivulet env)"."""
    from infra.cli import stack_screen
    from infra.cli.console import write

    write("\n".join(stack_screen.environment()) + "\n")


@app.command()
def login(email: Annotated[str, typer.Argument(help="Your e-mail address.")]) -> None:
    """Sign in; the password is RIVULET_PASSWORD or asked for. The local stack takes new people."""
    from infra.cli import person, project
    from infra.cli.console import out
    from infra.cli.errors import CommandError

    if "@" not in email:
        raise CommandError(f"{email} is no e-mail address.")
    found, password = project.find_project(), os.environ.get("RIVULET_PASSWORD")
    if not password and not sys.stdin.isatty():
        raise CommandError("Set RIVULET_PASSWORD: without a terminal the password cannot be asked for.")
    password = password or typer.prompt("Password", hide_input=True)
    new = asyncio.run(person.log_in(found, person.Credentials(email, password)))
    out().print(f"{'Signed up and signed in' if new else 'Signed in'} as {email}.")


@app.command()
def whoami() -> None:
    """Say as whom the commands act: RIVULET_EMAIL, else who signed in last, else the local stack's own person."""
    from infra.cli import whoami as asking

    asyncio.run(asking.run())


@app.command()
def upload(
    paths: Annotated[list[Path], typer.Argument(help="Files, and folders of files.", metavar="PATH…", parser=_path)],
    ignore: Annotated[
        list[str] | None,
        typer.Option(help="Leave out what matches, as in .gitignore; may be repeated.", metavar="PATTERN"),
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="A file whose first line opens encrypted files.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Upload files and follow them until they can be searched; a file of the same name is replaced.

    What is there unchanged is not sent again, so the same command goes on after an interruption. Folders may hold
    files .rivuletignore, with patterns as in .gitignore; hidden files are left out.
    """
    from infra.cli import upload_command

    raise typer.Exit(asyncio.run(upload_command.run(paths, ignore or [], password_file, as_json)))


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question, in quotes.")],
    conversation: Annotated[UUID | None, typer.Option(help="Ask in this conversation.", show_default=False)] = None,
    new: Annotated[bool, typer.Option("--new", help="Start a new conversation.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask about your documents, in the latest conversation; Ctrl-C stops the answer."""
    from infra.cli import ask_command

    if new and conversation is not None:
        raise typer.BadParameter("--new and --conversation exclude each other")
    raise typer.Exit(asyncio.run(ask_command.run(question, conversation, new, as_json)))


@app.command()
def watch() -> None:
    """Watch your documents and conversations live, until Ctrl-C."""
    from infra.cli import watch_command

    asyncio.run(watch_command.run())


@app.command()
def search(
    query: Annotated[str, typer.Argument(help='Words, a question, a code; "a phrase", a begin* of a word.')],
    tag: Annotated[list[str] | None, typer.Option(help="Only documents with one of these tags.")] = None,
    mime: Annotated[list[str] | None, typer.Option(help="Only documents of one of these types.")] = None,
    page: Annotated[int | None, typer.Option(min=1, help="Only passages of this page.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """For operators: search your documents; shows the passages that an answer would be made from."""
    from infra.cli import search_command
    from schema.search import Filter

    where = Filter(tags=tag or None, mimes=mime or None, first_page=page, last_page=page)
    asyncio.run(search_command.run(query, where, as_json))


@app.command()
def mail(
    number: Annotated[int | None, typer.Argument(help="Show this one.", show_default=False)] = None,
    to: Annotated[str | None, typer.Option(help="Only mails to this address.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Show the mails that signing in on the local stack has sent, with their links and codes."""
    from infra.cli import mail as mailbox

    mailbox.run(number, to, as_json)


@app.command("eval")
def evaluate(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with corpus.jsonl, queries.jsonl and qrels/; none: a small set.", show_default=False),
    ] = None,
    answers: Annotated[bool, typer.Option("--answers", help="Ask the questions of answers.jsonl instead.")] = False,
    as_json: AsJson = False,
) -> None:
    """For operators: measure how well questions find their documents, by meaning, by words and by both."""
    from infra.cli.evaluation import command
    from infra.cli.evaluation.dataset import SMALL

    asyncio.run(command.run(data or SMALL, as_json, answers))


@app.command()
def demo(
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on the last line.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack running at the end.")] = False,
) -> None:
    """Show everything with real documents and real questions, on the local stack."""
    from infra.cli.demo import run

    sys.exit(run.demo(as_json, keep))
