"""A change of the embedding model as a command: begin, watch, stop, go on, give up."""

import asyncio
import json
import os
import time
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from functions import compose
from functions.effects.supabase import Supabase
from infra.cli.console import counted, err, out, plain, write
from infra.cli.engine.calls import Engine
from infra.cli.errors import CommandError
from infra.local import stack
from schema.errors import JobError
from schema.settings import Settings

LOOK_SECONDS = 1.0
NOT_DONE = (
    "Not all libraries have the model; those that have not are searched as before. When what is noted is mended, "
    "`rivulet reindex --resume` goes on; `rivulet reindex --abandon` gives up."
)
Row = dict[str, Any]


def change(model: str, library: str | None, as_json: bool) -> bool:
    """Begin, and watch until all is done or nothing moves any more; whether all libraries have the model."""
    asyncio.run(_try(model))
    engine = Engine()
    refused = _begin(engine, model, library)
    found = _watch(engine, library)
    done = not refused and not found["unfinished"]
    if as_json:
        write(json.dumps(found | {"refused": refused}) + "\n")
        return done
    _show(found, refused)
    if done:
        out().print(f"Set EMBEDDING_MODEL={plain(model)} for the listeners, so that new libraries begin with it.")
    else:
        out().print(NOT_DONE)
    return done


async def _try(model: str) -> None:
    """Have the model embed something, so that no library sets out for one that there is not."""
    given = os.environ if os.environ.get("SUPABASE_URL") else stack.environment()
    settings = Settings.for_operator({"CHROMA_URL": "http://not-needed", **given})  # the listeners write there
    supabase = Supabase(settings)
    try:
        await compose.embedders(settings, supabase)(model).embed([f"Does {model} answer?"], "query")
    except JobError as error:
        raise CommandError(
            f"The model {plain(model)!r} cannot be used; nothing was begun. {plain(str(error))}"
        ) from error
    finally:
        await supabase.close()


def control(action: str, library: str | None, as_json: bool) -> None:
    """Show, stop, resume or abandon."""
    engine = Engine()
    if action != "status":
        count = engine.call(f"{action}_moves_v1", library=library)
        if not as_json:
            out().print(f"{action.capitalize()}: {counted(count, 'library', 'libraries')}.")
    found = engine.call("list_moves_v1", library=library)
    if as_json:
        write(json.dumps(found) + "\n")
    else:
        _show(found, [])


def _begin(engine: Engine, model: str, library: str | None) -> list[Row]:
    """Begin page by page; the libraries that cannot be moved now, with the reason."""
    refused, after, more = [], None, True
    while more:
        reply = engine.call("reindex_v1", model=model, library=library, after=after)
        refused += reply["refused"]
        after, more = reply["last"], reply["last"] is not None
    return refused


def _watch(engine: Engine, library: str | None) -> Row:
    """Until nothing is unfinished, or all that is waits for somebody."""
    told = ""
    while True:
        found: Row = engine.call("list_moves_v1", library=library)
        if not any(_goes_on(move) for move in found["running"]):
            return found
        line = _progress(found)
        if line != told:
            err().print(line)
        told = line
        time.sleep(LOOK_SECONDS)


def _goes_on(move: Row) -> bool:
    return not (move["stopped"] or move["error"] or move["state"] == "held")


def _progress(found: Row) -> str:
    running = found["running"]
    built, total = sum(move["built"] for move in running), sum(max(move["total"], move["built"]) for move in running)
    return f"{counted(found['unfinished'], 'library', 'libraries')} to go, {built} of {total} passages built"


def _show(found: Row, refused: Sequence[Row]) -> None:
    table = Table("library", "to", "state", "built", "embedded", "found before", "found now", "agreement", "note")
    for move in [*found["running"], *found["finished"]]:
        table.add_row(*(plain(text) for text in _cells(move)))
    for each in refused:
        table.add_row(each["library_id"], "", "refused", *[""] * 5, plain(each["reason"]))
    out().print(table if table.row_count else "There is nothing to move.")


def _cells(move: Row) -> Sequence[str]:
    checked = move["checked"] or {}
    state = "stopped" if move["stopped"] and not move["finished_at"] else move["state"]
    found = [_percent(checked.get(name)) for name in ("found_old", "found_new", "agreement")]
    target = f"{move['model']} in {move['collection']}"
    counts = (f"{move['built']} of {max(move['total'], move['built'])}", str(move["embedded"]))
    return [move["library_id"], target, state, *counts, *found, move["error"] or ""]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"
