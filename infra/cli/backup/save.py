"""Takes a backup."""

import time
from datetime import UTC, datetime
from typing import Any

from infra.cli.backup import objects, tables, vectors
from infra.cli.backup.objects import Object
from infra.cli.backup.place import Place
from infra.cli.backup.store import Store

MANIFEST = "manifest.json.gz"  # written last: a backup without it does not exist
VERSION = 1


async def save(place: Place, store: Store) -> dict[str, Any]:
    """Write everything; the manifest, which is what was written.

    Rows and the list of files are of one moment. Files are copied before it, too, so that hardly one can vanish between
    that moment and its copying; vectors are those of the passages of that moment.
    """
    await place.check()
    began, name = time.monotonic(), f"{datetime.now(UTC):%Y-%m-%dT%H%M%S.%fZ}"
    known, files = _known(store), place.files()
    try:
        with tables.snapshot(place.dsn) as early:
            listed = objects.names(early)
        kept, _ = objects.save(listed, files, store, known, place.dsn)
        with tables.snapshot(place.dsn) as connection:
            folder = f"backups/{name}"
            manifest: dict[str, Any] = {"version": VERSION, "name": name, "migrations": _migrations(connection)}
            manifest["tables"] = tables.save(connection, store, folder)
            manifest["sequences"] = tables.sequences(connection)
            again = {each.mark: each for each in kept} | known
            kept, manifest["gone"] = objects.save(objects.names(connection), files, store, again, place.dsn)
            store.put_json(f"{folder}/objects.json.gz", objects.as_json(kept))
            manifest["objects"] = {"files": len(kept), "bytes": sum(each.bytes for each in kept)}
            manifest["vectors"] = await vectors.save(connection, place.settings.vectors, store, folder)
    finally:
        files.close()
    manifest["seconds"] = round(time.monotonic() - began, 2)
    store.put_json(f"{folder}/{MANIFEST}", manifest)
    return manifest | {"bytes": store.bytes_in(folder)}


def backups(store: Store) -> list[str]:
    """The names of all whole backups, oldest first."""
    return [name for name in store.folders("backups") if store.has(f"backups/{name}/{MANIFEST}")]


def files_of(store: Store, name: str) -> list[Object]:
    """The files of a backup."""
    return [Object(**each) for each in store.json(f"backups/{name}/objects.json.gz")]


def _known(store: Store) -> dict[str, Object]:
    """The files of all backups, by their marks: what one of them holds is not written again, so it cannot be spoilt."""
    return {each.mark: each for name in backups(store) for each in files_of(store, name)}


def _migrations(connection: Any) -> list[str]:
    rows = connection.execute("select version from supabase_migrations.schema_migrations order by 1").fetchall()
    return [version for (version,) in rows]
