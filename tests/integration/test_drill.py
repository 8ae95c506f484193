"""Backups: what was saved, destroyed and restored is what it was, and what is not whole is refused."""

import asyncio
import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from infra.cli.backup.drill import destroy, drill, vectors_agree
from infra.cli.backup.likeness import likeness
from infra.cli.backup.place import Place, place_of
from infra.cli.backup.restore import restore, restore_vectors
from infra.cli.backup.save import backups, save
from infra.cli.backup.store import Store
from infra.cli.errors import CommandError
from tests.conftest import Gateway
from tests.integration.engine import Engine
from tests.integration.serverless import environment, token
from tests.integration.working import work

NOTES = {
    "weir.md": b"# The weir\n\nThe weir at Marbruck was built in 1903 by Anton Falk.\n",
    "a width 1.txt": b"The weir is 14 metres wide.",
}


@pytest.fixture
def settings(gateway: Gateway, chroma: str, model_server: str) -> dict[str, str]:
    made = environment(gateway.database, gateway.url, chroma, model_server)
    return {**made, "DATABASE_URL": gateway.database.owner_dsn}


@pytest.fixture
def place(settings: Mapping[str, str]) -> Place:
    return place_of(settings, local=True)


@pytest.fixture
def filled(settings: Mapping[str, str], gateway: Gateway, engine: Engine) -> Engine:
    """A project in which people have files, notes, questions, answers and jobs that failed."""
    people = [engine.person(), engine.person()]
    for user in people:
        upload(gateway, engine, user, NOTES)
        engine.document(user, content="Eels climb the fish pass in May.")
    asyncio.run(work(settings))
    for user in people:
        engine.ask(engine.conversation(user), "Who built the weir?")
    asyncio.run(work(settings))
    engine.ask(engine.conversation(user), "Nobody answers this before the backup.")
    assert engine.one("select count(*) from public.citations") > 0
    return engine


def upload(gateway: Gateway, engine: Engine, user: Any, files: Mapping[str, bytes]) -> None:
    headers = {
        "apikey": gateway.database.publishable_key,
        "Authorization": f"Bearer {token(user, gateway.database.jwt_secret)}",
        "Content-Type": "text/plain",
    }
    for name, content in files.items():
        path = f"{gateway.url}/storage/v1/object/documents/{engine.library(user)}/{name}"
        httpx.post(path, content=content, headers=headers).raise_for_status()


def test_a_drill_proves_that_everything_comes_back(filled: Engine, place: Place, tmp_path: Path) -> None:
    result = asyncio.run(drill(place, Store(str(tmp_path / "backup"), os.urandom(32))))

    assert {name: value for name, value in result.items() if name.endswith("_equal")} == {
        "rows_equal": True,
        "objects_equal": True,
        "vectors_equal": True,
        "answers_equal": True,
    }
    assert result["objects"] == 4
    assert result["vectors"] == filled.one("select count(*) from public.chunks")
    assert result["bytes"] > 0
    for file in (tmp_path / "backup").rglob("*"):
        assert not file.is_file() or b"Marbruck" not in file.read_bytes(), "everything is encrypted"


def test_a_restored_project_goes_on_where_it_was(
    filled: Engine, place: Place, settings: Mapping[str, str], gateway: Gateway, tmp_path: Path
) -> None:
    store = Store(str(tmp_path), None)
    asyncio.run(save(place, store))
    asyncio.run(destroy(place))
    asyncio.run(restore(place, store, None, replace=False))

    assert filled.one("select count(*) from rivulet.jobs where queue = 'respond'") == 1
    user = filled.one("select owner_id from public.libraries limit 1")
    upload(gateway, filled, user, {"new.md": b"The new lock is 120 metres long."})
    asyncio.run(work(settings))
    answer = filled.ask(filled.conversation(user), "How long is the new lock?")
    asyncio.run(work(settings))

    assert filled.one("select content from public.messages where id = %s", answer).startswith("The new lock is 120")
    assert filled.one("select count(*) from public.documents where status <> 'ready'") == 0
    assert filled.one("select count(*) from public.messages where status = 'pending'") == 0


def test_a_second_backup_copies_only_new_files_and_either_can_be_restored(
    filled: Engine, place: Place, settings: Mapping[str, str], gateway: Gateway, tmp_path: Path
) -> None:
    store = Store(str(tmp_path), None)
    first = asyncio.run(save(place, store))
    was = asyncio.run(likeness(place))
    copied = {file: file.stat().st_mtime_ns for file in (tmp_path / "objects").rglob("*") if file.is_file()}
    upload(gateway, filled, filled.one("select owner_id from public.libraries limit 1"), {"new.md": b"New."})
    asyncio.run(work(settings))

    second = asyncio.run(save(place, store))

    now = {file: file.stat().st_mtime_ns for file in (tmp_path / "objects").rglob("*") if file.is_file()}
    assert (len(copied), len(now)) == (4, 5)
    assert copied.items() <= now.items(), "no file was copied again"
    assert backups(store) == [first["name"], second["name"]]
    with pytest.raises(CommandError, match="not empty"):
        asyncio.run(restore(place, store, None, replace=False))
    asyncio.run(restore(place, store, first["name"], replace=True))
    assert asyncio.run(likeness(place)) == was
    assert asyncio.run(vectors_agree(place, store, first["name"]))
    assert not asyncio.run(vectors_agree(place, store, second["name"]))


def test_chroma_is_filled_again_without_a_model(filled: Engine, place: Place, tmp_path: Path) -> None:
    store = Store(str(tmp_path), None)
    name = asyncio.run(save(place, store))["name"]
    was = asyncio.run(likeness(place))
    asyncio.run(_drop_vectors(place))
    assert not asyncio.run(vectors_agree(place, store, name))

    deaf = Place(place.dsn, place.settings.model_copy(update={"together_base_url": "http://127.0.0.1:1"}), True)
    told = asyncio.run(restore_vectors(deaf, store, None))

    assert told["vectors"] == filled.one("select count(*) from public.chunks")
    assert asyncio.run(vectors_agree(place, store, name))
    assert asyncio.run(likeness(place)) == was


async def _drop_vectors(place: Place) -> None:
    from infra.cli.backup import vectors

    with psycopg.connect(place.dsn) as connection:
        await vectors.drop(connection, place.settings.vectors)


def test_what_was_damaged_or_belongs_elsewhere_is_refused(filled: Engine, place: Place, tmp_path: Path) -> None:
    key = os.urandom(32)
    store = Store(str(tmp_path), key)
    name = asyncio.run(save(place, store))["name"]

    with pytest.raises(CommandError, match="RIVULET_BACKUP_KEY is another one"):
        asyncio.run(restore(place, Store(str(tmp_path), os.urandom(32)), None, replace=True))
    with pytest.raises(CommandError, match="There is no backup yesterday"):
        asyncio.run(restore(place, store, "yesterday", replace=True))
    filled.all("select public.report_worker_v1('w', '{parse}', 1, 0, true)")
    with pytest.raises(CommandError, match="Listeners are at work"):
        asyncio.run(restore(place, store, None, replace=True))
    filled.all("delete from rivulet.workers")
    rows = tmp_path / "backups" / name / "rows" / "public.chunks.gz"
    rows.write_bytes(rows.read_bytes()[:-20])
    before = filled.one("select count(*) from public.chunks")
    with pytest.raises(CommandError, match="cut off"):
        asyncio.run(restore(place, store, None, replace=True))
    assert filled.one("select count(*) from public.chunks") == before
    (tmp_path / "backups" / name / "manifest.json.gz").unlink()
    with pytest.raises(CommandError, match="There is no backup"):
        asyncio.run(restore(place, store, None, replace=True))


def test_a_key_is_read_or_refused() -> None:
    from infra.cli.backup.seal import read_key

    assert read_key(None) is None
    assert read_key(base64.b64encode(bytes(32)).decode()) == bytes(32)
    for wrong in ("short", base64.b64encode(bytes(16)).decode(), "not base64!"):
        with pytest.raises(CommandError, match="32 random bytes"):
            read_key(wrong)
