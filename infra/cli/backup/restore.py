"""Puts a backup back."""

import time
from typing import Any

import psycopg

from infra.cli.backup import objects, tables, vectors
from infra.cli.backup.place import Place
from infra.cli.backup.save import MANIFEST, backups, files_of
from infra.cli.backup.store import Store
from infra.cli.backup.tables import OBJECTS, PEOPLE, Table
from infra.cli.console import counted
from infra.cli.errors import CommandError

# What files need to be taken in: whose they are.
FIRST = (*PEOPLE, "public.libraries", "public.library_members")


async def restore(place: Place, store: Store, name: str | None, replace: bool) -> dict[str, Any]:
    """Make the project what it was; what was restored. It must be empty, unless it may be replaced.

    First people and libraries, then files, which Storage announces as it always does; then all rows as they were, which
    takes back what the announcements led to; then vectors. Nothing is touched before all is known to be there.
    """
    began = time.monotonic()
    manifest = _manifest(store, name)
    kept = [Table(each["name"], each["columns"]) for each in manifest["tables"]]
    with psycopg.connect(place.dsn) as connection:
        _check(connection, manifest, replace)
    await place.check()
    check_whole(store, manifest)
    with psycopg.connect(place.dsn) as connection:
        tables.end_sessions(connection)
        connection.execute("delete from rivulet.webhook")  # functions are not to work on what is half there
        tables.sleeping_triggers(connection)
        _refill(connection, store, manifest, [table for table in kept if table.name in FIRST])
    files = place.files()
    try:
        with psycopg.connect(place.dsn) as connection:
            wanted = {each.name for each in files_of(store, manifest["name"])}
            files.remove([name for name, _, _ in objects.names(connection) if name not in wanted])
        objects.load(files_of(store, manifest["name"]), files, store)
    finally:
        files.close()
    with psycopg.connect(place.dsn) as connection:
        tables.sleeping_triggers(connection)
        _refill(connection, store, manifest, [table for table in kept if table.name != OBJECTS])
        tables.mend_objects(connection, store, _folder(manifest), next(each for each in kept if each.name == OBJECTS))
        tables.set_sequences(connection, manifest["sequences"])
    count = await vectors.load(place.settings.vectors, store, _folder(manifest), manifest["vectors"]["files"])
    return _told(manifest, count, began)


async def restore_vectors(place: Place, store: Store, name: str | None) -> dict[str, Any]:
    """Fill Chroma anew. What has changed since the backup, `rivulet audit --repair` makes up for."""
    began, manifest = time.monotonic(), _manifest(store, name)
    count = await vectors.load(place.settings.vectors, store, _folder(manifest), manifest["vectors"]["files"])
    return {"name": manifest["name"], "vectors": count, "seconds": round(time.monotonic() - began, 2)}


def check_whole(store: Store, manifest: dict[str, Any]) -> None:
    """Refuse a backup of which something is missing or, of its rows, damaged."""
    folder = _folder(manifest)
    for table in manifest["tables"]:
        with store.unpacking(tables.file_of(folder, table["name"])) as rows:
            while rows.read(1 << 20):
                pass
    there = store.files_in("objects") | store.files_in(f"{folder}/vectors")
    wanted = [each.file for each in files_of(store, manifest["name"])]
    wanted += [vectors.file_of(folder, number) for number in range(manifest["vectors"]["files"])]
    if missing := [file for file in wanted if file not in there]:
        raise CommandError(
            f"The backup {manifest['name']} is not whole: {counted(len(missing), 'file')} missing in {store.where}, "
            f"such as {missing[0]}. Nothing was touched."
        )


def _told(manifest: dict[str, Any], count: int, began: float) -> dict[str, Any]:
    rows = sum(each["rows"] for each in manifest["tables"])
    files = manifest["objects"]["files"]
    seconds = round(time.monotonic() - began, 2)
    return {"name": manifest["name"], "rows": rows, "objects": files, "vectors": count, "seconds": seconds}


def _folder(manifest: dict[str, Any]) -> str:
    return f"backups/{manifest['name']}"


def _manifest(store: Store, name: str | None) -> dict[str, Any]:
    there = backups(store)
    if not there or (name is not None and name not in there):
        others = f" There are: {', '.join(there)}." if there else ""
        raise CommandError(f"There is no backup{f' {name}' if name else ''} in {store.where}.{others}")
    manifest: dict[str, Any] = store.json(f"backups/{name or there[-1]}/{MANIFEST}")
    return manifest


def _check(connection: psycopg.Connection, manifest: dict[str, Any], replace: bool) -> None:
    """Refuse what would end badly."""
    try:
        rows = connection.execute("select version from supabase_migrations.schema_migrations").fetchall()
    except psycopg.errors.UndefinedTable:
        raise CommandError("This project has no migrations yet: supabase link, then supabase db push.") from None
    missing = sorted(set(manifest["migrations"]) ^ {version for (version,) in rows})
    if missing:
        raise CommandError(f"The backup was taken at other migrations: {missing[0]} is on one side only.")
    check_rest(connection)
    if not replace and _one(connection, "select count(*) from public.libraries"):
        raise CommandError("This project is not empty. With --replace, everything that is in it goes.")


def check_rest(connection: psycopg.Connection) -> None:
    """Refuse while somebody works."""
    if _one(
        connection, "select count(*) from rivulet.workers where seen_at > clock_timestamp() - interval '45 seconds'"
    ):
        raise CommandError(
            "Listeners are at work: stop them first. Of those that were killed it is known 45 seconds later."
        )


def _refill(connection: psycopg.Connection, store: Store, manifest: dict[str, Any], kept: list[Table]) -> None:
    for table in kept:
        tables.empty(connection, table)
        tables.load(connection, store, _folder(manifest), table)


def _one(connection: psycopg.Connection, statement: str) -> int:
    found = connection.execute(statement.encode()).fetchone()
    return int(found[0]) if found else 0
