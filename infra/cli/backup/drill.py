"""The drill: back up, destroy, restore, and prove that everything is as it was."""

import time
from collections.abc import Mapping
from typing import Any

import psycopg

from infra.cli.backup import objects, tables, vectors
from infra.cli.backup.likeness import Likeness, Rows, found_again, likeness, rows_of
from infra.cli.backup.place import Place
from infra.cli.backup.restore import check_rest, check_whole, restore
from infra.cli.backup.save import MANIFEST, save
from infra.cli.backup.store import Store
from infra.cli.backup.tables import OBJECTS
from infra.cli.errors import CommandError

# Of equal vectors Chroma builds another index, which finds nearly the same: in large libraries others come last.
FOUND_AGAIN = 0.8


async def drill(place: Place, store: Store) -> dict[str, Any]:
    """Do it; what was equal afterwards, and how long it took. Nobody may be at work meanwhile."""
    with psycopg.connect(place.dsn) as connection:
        check_rest(connection)
    before = await likeness(place)
    saved = await save(place, store)
    await _check_saved(place, store, saved, before)
    began = time.monotonic()
    await destroy(place)
    await _check_destroyed(place, store, saved, before)
    destroyed = time.monotonic()
    restored = await restore(place, store, saved["name"], replace=True)
    after = await likeness(place)
    return {
        **_equal(before, after),
        "differences": _differences(place, before, after),
        "vectors_equal": await vectors_agree(place, store, saved["name"]),
        "rows": restored["rows"],
        "objects": restored["objects"],
        "vectors": restored["vectors"],
        "answers": len(before.found),
        "bytes": saved["bytes"] + saved["objects"]["bytes"],
        "backup_seconds": saved["seconds"],
        "destroy_seconds": round(destroyed - began, 2),
        "restore_seconds": restored["seconds"],
    }


async def _check_saved(place: Place, store: Store, saved: dict[str, Any], before: Likeness) -> None:
    """Destroy nothing that the backup does not hold."""
    check_whole(store, saved)
    with tables.snapshot(place.dsn) as connection:
        now = rows_of(connection)
    if changed := [
        f"{name} ({before.rows[name].number} rows, now {now[name].number})" for name in _changed(before.rows, now)
    ]:
        raise CommandError(
            f"Somebody is at work: {', '.join(changed)} changed while the backup was made. Nothing was destroyed."
        )
    if saved["gone"] or not await vectors_agree(place, store, saved["name"]):
        raise CommandError("The backup is not what the project holds: somebody is at work. Nothing was destroyed.")


async def _check_destroyed(place: Place, store: Store, saved: dict[str, Any], before: Likeness) -> None:
    """Prove nothing by what was still there."""
    now = await likeness(place)
    left = [
        now.rows == before.rows,
        saved["objects"]["files"] and now.objects == before.objects,
        await vectors.any_left(place.settings.vectors, store, f"backups/{saved['name']}", saved["vectors"]["files"]),
    ]
    if any(left):
        raise CommandError("Not everything was destroyed, so nothing can be proved.")


async def vectors_agree(place: Place, store: Store, name: str) -> bool:
    """Whether Chroma holds the vectors of a backup."""
    files = store.json(f"backups/{name}/{MANIFEST}")["vectors"]["files"]
    with tables.snapshot(place.dsn) as connection:
        return await vectors.agree(connection, place.settings.vectors, store, f"backups/{name}", files)


async def destroy(place: Place) -> None:
    """Remove all vectors, files and rows, for good."""
    files = place.files()
    try:
        with psycopg.connect(place.dsn) as connection:
            await vectors.drop(connection, place.settings.vectors)
            names = [name for name, _, _ in objects.names(connection)]
        files.remove(names)
    finally:
        files.close()
    with psycopg.connect(place.dsn) as connection:
        tables.sleeping_triggers(connection)
        for table in tables.tables(connection):
            if table.name != OBJECTS:
                tables.empty(connection, table)


def _changed(before: Mapping[str, Rows], after: Mapping[str, Rows]) -> list[str]:
    return [name for name in before if before[name] != after[name]]


def _differences(place: Place, before: Likeness, after: Likeness) -> list[dict[str, Any]]:
    """The tables that are not as they were: rows before and after, and how many were written since they came back."""
    with psycopg.connect(place.dsn) as connection:
        known = {table.name: table for table in tables.tables(connection)}
        return [
            {
                "table": name,
                "before": before.rows[name].number,
                "after": after.rows[name].number,
                "since": tables.written_since_restored(connection, known[name]),
            }
            for name in _changed(before.rows, after.rows)
        ]


def _equal(before: Likeness, after: Likeness) -> dict[str, bool | float]:
    again = found_again(before, after)
    return {
        "rows_equal": before.rows == after.rows,
        "objects_equal": before.objects == after.objects,
        "answers_equal": before.answers == after.answers and again >= FOUND_AGAIN,
        "found_again": round(again, 3),
    }
