"""`rivulet search`: the passages that fit a query, as a prompt would get them, of those that the person may see.

For operators: it searches by itself, with a worker's token or the secret key.
"""

import os

from rich.text import Text

from functions import compose
from functions.effects.supabase import Supabase
from infra.cli.console import out, plain, write
from infra.cli.errors import CommandError, for_operators
from infra.cli.person import entered
from infra.cli.project import find_project
from infra.local import stack
from schema.answers import Passage, Retrieved
from schema.search import Filter
from schema.settings import Settings

LONGEST_TEXT = 400


async def run(query: str, where: Filter, as_json: bool) -> None:
    """Search for the person who is signed in and show what was found."""
    if not query.strip():
        raise CommandError("The query is empty.")
    settings = _settings()
    async with entered(find_project(), os.environ) as person:
        supabase = Supabase(settings)
        try:
            retriever = compose.retriever(settings, supabase)
            found = await retriever.retrieve(person.id, query, None, where)
        finally:
            await supabase.close()
    if as_json:
        write(found.model_dump_json() + "\n")
    else:
        _show(found)


def _settings() -> Settings:
    with for_operators("rivulet search"):
        return Settings.from_env(os.environ if os.environ.get("SUPABASE_URL") else stack.environment())


def _show(found: Retrieved) -> None:
    for note in found.notes:
        out().print(Text(plain(note), style="yellow"))
    if not found.passages:
        out().print("Nothing was found.")
    for number, passage in enumerate(found.passages, 1):
        out().print(Text(f"{number}  {_place(passage)}", style="bold"))
        text = " ".join(plain(passage.text).split())
        out().print(text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…")


def _place(passage: Passage) -> str:
    page = "" if passage.page is None else f", page {passage.page}"
    return plain(" › ".join([passage.title + page, *passage.heading_path]))
