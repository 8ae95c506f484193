"""Starting, stopping and showing the local stack on the terminal."""

import json
import os
import shlex
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from infra.cli.console import out, plain, plain_lines, seconds, write
from infra.cli.errors import CommandError
from infra.local import logs, parts, stack, state, web

LOG_LINES = 100


def start(screen: Console | None = None) -> int:
    """Start the stack, telling of each part as it becomes ready; the milliseconds that it took."""
    screen = screen or out()
    told: list[stack.Progress] = []

    def tell(news: stack.Progress) -> None:
        told.append(news)
        _tell(news, screen)

    taken = stack.up(tell)
    screen.print(f"The local stack is up ({seconds(taken)})." if told else "The local stack was up already.")
    return taken


def show_addresses() -> None:
    """Say where the stack can be reached, and the key that may be public."""
    settings = stack.environment()
    for label, name in (
        ("API address", "SUPABASE_URL"),
        ("Publishable key", "SUPABASE_PUBLISHABLE_KEY"),
        ("Vector store", "CHROMA_URL"),
        ("Models", "TOGETHER_BASE_URL"),
    ):
        out().print(f"  {label:<16} {settings.get(name, 'Together AI')}")
    out().print(f"  {'Web application':<16} {_web_address()}")
    me = own_name()
    out().print(f'  Next: {me} upload FILE…   then: {me} ask QUESTION   Programs: eval "$({me} env)"')


def own_name() -> str:
    """The command as people can type it here: by its name alone only where the shell finds it."""
    if shutil.which("rivulet"):
        return "rivulet"
    program = Path(sys.executable).with_name("rivulet")
    here = Path.cwd()
    if not program.exists():
        return f"{shlex.quote(sys.executable)} -m infra.cli"
    return shlex.quote(str(program.relative_to(here) if program.is_relative_to(here) else program))


def _web_address() -> str:
    port = next((part.port for part in stack.status() if part.name == web.NAME), None)
    return f"none. {parts.why_not(web.NAME)}" if port is None else web.address(port)


def status(as_json: bool) -> bool:
    """Show every part; whether all are ready."""
    found = stack.status()
    if as_json:
        write(json.dumps([asdict(part) for part in found]) + "\n")
    else:
        out().print(_table(found))
    return all(part.state == "ready" for part in found)


def environment() -> list[str]:
    """The settings of the running stack as lines for a shell."""
    return [f"export {name}={shlex.quote(value)}" for name, value in sorted(stack.environment().items())]


def log_of(part: str) -> str:
    """The latest lines of a part's log."""
    known = [*parts.names(), "supervisor"]
    if part not in known:
        raise CommandError(f"There is no part {part!r}. The parts are: {', '.join(known)}.")
    return plain_lines(logs.tail(state.find_folder(os.environ) / "logs" / f"{part}.log", LOG_LINES))


def _tell(news: stack.Progress, screen: Console) -> None:
    time = "" if news.milliseconds is None else seconds(news.milliseconds)
    screen.print(f"  {news.part:<10} {news.text:<26} {time}".rstrip())


def _table(found: list[stack.PartStatus]) -> Table:
    table = Table("part", "state", "port", "pid", "memory", "restarts", "")
    for part in found:
        memory = f"{part.memory_bytes / 1e6:.0f} MB" if part.memory_bytes else ""
        numbers = (str(part.port or ""), str(part.pid or ""), memory, str(part.restarts or ""))
        table.add_row(part.name, part.state, *numbers, plain(part.detail))
    return table
