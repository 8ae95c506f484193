"""`rivulet backup`, `restore` and `drill`."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import typer

Where = Annotated[str, typer.Argument(help="A folder, or s3://bucket/folder.", metavar="WHERE")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value, for programs.")]


# Of what a manifest tells in parts, the number that people are shown.
COUNTED = {"objects": "files", "vectors": "vectors"}


class Only(StrEnum):
    """What may be restored alone."""

    VECTORS = "vectors"


def backup(
    where: Where,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Remove all but so many of the latest backups there.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Save rows, files and vectors of the project; files that an earlier backup there has are not copied again.

    Needs DATABASE_URL. Encrypted if RIVULET_BACKUP_KEY is set (32 random bytes in base64). Listeners may go on working.
    """
    from infra.cli.backup.place import find_place, open_store
    from infra.cli.backup.prune import prune
    from infra.cli.backup.save import save

    store = open_store(where)
    saved = asyncio.run(save(find_place(), store))
    if keep:
        saved["removed"] = prune(store, keep)
    _tell(saved, as_json, "Saved")
    if not as_json:
        _tell_lacks(saved)


def restore(
    where: Where,
    name: Annotated[str | None, typer.Option(help="Which backup; the latest if not given.", show_default=False)] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace all that the project holds now.")] = False,
    only: Annotated[Only | None, typer.Option(help="Fill Chroma anew, and nothing else.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Make an empty project of the same version what it was when the backup was taken. Stop the listeners before."""
    from infra.cli.backup import restore as restoring
    from infra.cli.backup.place import find_place, open_store

    if only is Only.VECTORS:
        work = restoring.restore_vectors(find_place(), open_store(where), name)
    else:
        work = restoring.restore(find_place(), open_store(where), name, replace)
    _tell(asyncio.run(work), as_json, "Restored")


def drill(
    where: Annotated[str | None, typer.Argument(help="Where the backup goes; thrown away if not given.")] = None,
    destroy: Annotated[str | None, typer.Option(help="SUPABASE_URL again, if it is not the local stack.")] = None,
    as_json: AsJson = False,
) -> None:
    """Back up, DESTROY and restore the project, and prove that it is as it was; exit code 0 if it is.

    For the local stack and for projects made for it: of any other one, its address must be repeated.
    """
    from infra.cli.backup import drill as drilling
    from infra.cli.backup.place import find_place, open_store
    from infra.cli.errors import CommandError

    place = find_place()
    if destroy != place.settings.supabase_url and (destroy is not None or not place.local):
        raise CommandError(f"This destroys all that {place.settings.supabase_url} holds. If that is meant, add "
                           f"--destroy {place.settings.supabase_url}")  # fmt: skip
    with _folder(where) as folder, _nobody_at_work(place.local):
        result = asyncio.run(drilling.drill(place, open_store(folder)))
        if where is not None:
            result["where"] = where
        _tell(result, as_json, "Drilled")
        _tell_differences(result)
        if not all(value for name, value in result.items() if name.endswith("_equal")):
            raise typer.Exit(1)


@contextmanager
def _folder(where: str | None) -> Iterator[str]:
    """Where the backup of a drill goes; one that nobody named is thrown away, unless it may be all that is left."""
    import shutil
    import tempfile

    from infra.cli.backup.place import open_store
    from infra.cli.backup.save import backups
    from infra.cli.console import err

    folder = where or tempfile.mkdtemp(prefix="rivulet-drill-")
    well = False
    try:
        yield folder
        well = True
    finally:
        if where is None and (well or not backups(open_store(folder))):
            shutil.rmtree(folder)
        elif not well:
            err().print(f"The backup is kept: rivulet restore {folder} --replace")


@contextmanager
def _nobody_at_work(local: bool) -> Iterator[None]:
    """The listeners of the local stack rest meanwhile; those of other projects are for their operator to stop."""
    from infra.local import stack
    from infra.local.parts import LISTENERS

    stopped = []
    try:
        for name in LISTENERS if local else ():
            stack.stop_part(name)
            stopped.append(name)
        yield
    finally:
        for name in stopped:
            stack.start_part(name)


def _tell(result: Mapping[str, Any], as_json: bool, verb: str) -> None:
    from infra.cli.console import out, plain, write

    if as_json:
        write(json.dumps(result) + "\n")
        return
    counts = {name: value[part] for name, part in COUNTED.items() if isinstance(value := result.get(name), dict)}
    shown = {name: value for name, value in result.items() if not isinstance(value, list | dict) and name != "version"}
    out().print(plain(f"{verb}. " + ", ".join(f"{name}: {value}" for name, value in (shown | counts).items())))


def _tell_differences(result: Mapping[str, Any]) -> None:
    from infra.cli.console import err

    for each in result["differences"]:
        since = each["since"]
        why = f"; {since} written since they came back: somebody was at work" if since else ""
        err().print(f"{each['table']} differs: {each['before']} rows before, {each['after']} after{why}.")


def _tell_lacks(saved: Mapping[str, Any]) -> None:
    from infra.cli.console import counted, err, plain

    if gone := saved["gone"]:
        err().print(plain(f"Not in it: {counted(len(gone), 'file')} that Storage has no more, such as {gone[0]}."))
    if missing := saved["vectors"]["missing"]:
        err().print(f"Not in it: {counted(missing, 'vector')} that Chroma has not. Look with: rivulet audit")
