"""Backups: what was saved, destroyed and restored is what it was, and what is not whole is refused."""

import asyncio
import base64
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from infra.cli.backup import vectors
from infra.cli.backup.drill import destroy, drill, vectors_agree
from infra.cli.backup.likeness import likeness
from infra.cli.backup.objects import Files
from infra.cli.backup.place import Place, place_of
from infra.cli.backup.prune import prune
from infra.cli.backup.restore import restore, restore_vectors
from infra.cli.backup.save import backups, save
from infra.cli.backup.store import Store
from infra.cli.errors import CommandError
from schema.errors import TransientError
from tests import databases
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


def upload(gateway: Gateway, engine: Engine, user: Any, files: Mapping[str, bytes], replace: bool = False) -> None:
    headers = {
        "apikey": gateway.database.publishable_key,
        "Authorization": f"Bearer {token(user, gateway.database.jwt_secret)}",
        "Content-Type": "text/plain",
        "x-upsert": str(replace).lower(),
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
    assert result["answers"] == 2
    assert result["bytes"] > 0
    for file in (tmp_path / "backup").rglob("*"):
        assert not file.is_file() or b"Marbruck" not in file.read_bytes(), "everything is encrypted"


def test_a_drill_destroys_nothing_while_somebody_works(filled: Engine, place: Place, tmp_path: Path) -> None:
    was = asyncio.run(likeness(place))
    filled.all("select public.report_worker_v1('w', '{parse}', 1, 0, true)")

    with pytest.raises(CommandError, match="Listeners are at work"):
        asyncio.run(drill(place, Store(str(tmp_path), None)))

    assert asyncio.run(likeness(place)) == was


def test_a_drill_names_what_changed_while_its_backup_was_made(
    filled: Engine, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = vectors.save

    async def while_somebody_asks(*arguments: Any) -> dict[str, Any]:
        filled.conversation(filled.person())
        return await whole(*arguments)

    monkeypatch.setattr(vectors, "save", while_somebody_asks)
    with pytest.raises(CommandError, match=r"public\.conversations \(3 rows, now 4\), .*Nothing was destroyed"):
        asyncio.run(drill(place, Store(str(tmp_path), None)))


def test_a_drill_names_what_changed_after_it(
    filled: Engine, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = vectors.load

    async def while_somebody_asks(*arguments: Any) -> int:
        filled.conversation(filled.one("select owner_id from public.conversations limit 1"))
        return await whole(*arguments)

    monkeypatch.setattr(vectors, "load", while_somebody_asks)
    result = asyncio.run(drill(place, Store(str(tmp_path), None)))

    conversations = filled.one("select count(*) from public.conversations")
    assert result["differences"] == [
        {"table": "public.conversations", "before": conversations - 1, "after": conversations, "since": 1}
    ]
    assert result["rows_equal"] is False


def test_a_drill_destroys_nothing_that_its_backup_does_not_hold(
    filled: Engine, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    was = asyncio.run(likeness(place))
    whole = vectors.save

    async def forgetful(*arguments: Any) -> dict[str, Any]:
        return {**await whole(*arguments), "files": 0}

    monkeypatch.setattr(vectors, "save", forgetful)
    with pytest.raises(CommandError, match="Nothing was destroyed"):
        asyncio.run(drill(place, Store(str(tmp_path), None)))

    assert asyncio.run(likeness(place)) == was


def test_a_key_or_address_that_leads_elsewhere_is_refused_before_anything_is_done(
    filled: Engine, place: Place, gateway: Gateway, server: databases.Server, tmp_path: Path
) -> None:
    """With the publishable key Storage would say of every file that it is not there."""
    store = Store(str(tmp_path / "backup"), None)
    key = SecretStr(gateway.database.publishable_key)
    weak = Place(place.dsn, place.settings.model_copy(update={"supabase_secret_key": key}), True)
    with pytest.raises(CommandError, match="refuses SUPABASE_SECRET_KEY"):
        asyncio.run(save(weak, store))
    with (
        server.database_from(databases.PROJECT_TEMPLATE) as other,
        pytest.raises(CommandError, match="not of the same project"),
    ):
        asyncio.run(save(Place(other.owner_dsn, place.settings, True), store))
    deaf = Place(place.dsn, place.settings.model_copy(update={"chroma_url": "http://127.0.0.1:1"}), True)
    with pytest.raises(TransientError):
        asyncio.run(save(deaf, store))
    assert not (tmp_path / "backup").exists()
    asyncio.run(save(place, store))
    filled.all("update public.libraries set name = 'Changed since'")
    with pytest.raises(TransientError):
        asyncio.run(restore(deaf, store, None, replace=True))
    assert filled.one("select count(*) from public.libraries where name = 'Changed since'") > 0, "nothing was touched"
    with pytest.raises(CommandError, match="DATABASE_URL must be an address") as refused:
        place_of({"DATABASE_URL": "postgresql//u:topsecret@h/db"}, local=False)
    assert "topsecret" not in str(refused.value)


def test_a_file_that_is_replaced_while_it_is_copied_is_not_taken_for_what_it_was(
    filled: Engine, place: Place, gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = filled.one("select owner_id from public.libraries limit 1")
    store, whole = Store(str(tmp_path), None), Files.read

    def late(self: Files, name: str) -> Iterator[bytes]:
        """Just when the old one was to be read, another is there."""
        if name.endswith(f"{filled.library(user)}/weir.md"):
            upload(gateway, filled, user, {"weir.md": os.urandom(8)}, replace=True)
        return whole(self, name)

    monkeypatch.setattr(Files, "read", late)
    told = asyncio.run(save(place, store))

    assert told["gone"] == [f"{filled.library(user)}/weir.md"]
    assert told["objects"]["files"] == len(list((tmp_path / "objects").rglob("*/*"))) == 3


def test_one_failure_of_storage_does_not_end_it(
    filled: Engine, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, failed = Store(str(tmp_path), None), set()
    was, send = asyncio.run(likeness(place)), httpx.HTTPTransport.handle_request

    def shaky(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        """Each file fails once, both ways."""
        this = (request.method, str(request.url))
        if "/storage/v1/object/documents/" not in this[1] or this in failed:
            return send(self, request)
        failed.add(this)
        return httpx.Response(502)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", shaky)
    told = asyncio.run(save(place, store))
    asyncio.run(restore(place, store, None, replace=True))

    assert (told["objects"]["files"], told["gone"], len(failed)) == (4, [], 8)
    failed |= {("GET", url) for _, url in failed}
    assert asyncio.run(likeness(place)) == was


def test_a_storage_with_other_columns_takes_the_files(
    filled: Engine, place: Place, gateway: Gateway, tmp_path: Path
) -> None:
    """A new project has the newest Storage, whichever the backup was taken of."""
    store = Store(str(tmp_path), None)
    with psycopg.connect(gateway.database.admin_dsn, autocommit=True) as storage:
        storage.execute("alter table storage.objects add column level integer")
        asyncio.run(save(place, store))
        storage.execute("alter table storage.objects drop column level")
    since = filled.one("select min(created_at) from storage.objects")

    asyncio.run(restore(place, store, None, replace=True))

    assert filled.one("select min(created_at) from storage.objects") == since


def test_tables_of_others_do_not_matter(filled: Engine, place: Place, tmp_path: Path) -> None:
    """They need not be there, and where they are their numbers are not given twice."""
    store = Store(str(tmp_path), None)
    filled.all("create table public.orders (id serial primary key, number bigint generated always as identity)")
    filled.all("insert into public.orders default values")
    asyncio.run(save(place, store))
    filled.all("insert into public.orders default values")

    asyncio.run(restore(place, store, None, replace=True))

    filled.all("insert into public.orders default values")
    filled.all("drop table public.orders")
    asyncio.run(restore(place, store, None, replace=True))


def test_who_was_signed_in_is_not_any_more_and_second_factors_stay(
    filled: Engine, place: Place, tmp_path: Path
) -> None:
    user = filled.one("select owner_id from public.libraries limit 1")
    filled.all(
        "insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at, secret)"
        f" values (gen_random_uuid(), '{user}', 'totp', 'verified', now(), now(), 'GEZDGNBVGY3TQOJQ')"
    )
    store = Store(str(tmp_path), None)
    asyncio.run(save(place, store))
    filled.all(f"insert into auth.sessions (id, user_id) values ('{uuid4()}', '{user}')")
    filled.all(
        "insert into auth.refresh_tokens (token, user_id, session_id) select 'stolen', user_id, id from auth.sessions"
    )
    filled.all("delete from auth.mfa_factors")

    asyncio.run(restore(place, store, None, replace=True))

    assert filled.one("select count(*) from auth.sessions") == 0
    assert filled.one("select count(*) from auth.refresh_tokens") == 0
    assert filled.one("select secret from auth.mfa_factors") == "GEZDGNBVGY3TQOJQ"


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


def test_of_old_backups_what_no_younger_one_holds_is_removed(
    filled: Engine, gateway: Gateway, place: Place, tmp_path: Path
) -> None:
    store = Store(str(tmp_path), None)
    asyncio.run(save(place, store))
    owner = filled.one("select owner_id from public.libraries limit 1")
    upload(gateway, filled, owner, {"weir.md": b"The weir is gone."}, replace=True)
    latest = asyncio.run(save(place, store))["name"]
    was = asyncio.run(likeness(place))

    assert (prune(store, keep=2), prune(store, keep=1)) == (0, 1)
    assert (store.folders("backups"), len(store.files_in("objects"))) == ([latest], 5)
    for file in store.files_in("objects"):
        os.utime(tmp_path / file, (0, 0))  # a younger one could be of a backup that is just being taken
    assert (prune(store, keep=1), len(store.files_in("objects"))) == (0, 4)

    asyncio.run(restore(place, store, None, replace=True))
    assert asyncio.run(likeness(place)) == was


def test_only_vectors_that_searches_should_find_are_missed(filled: Engine, place: Place, tmp_path: Path) -> None:
    """The passages of a document that is still being embedded have none yet."""
    owner = filled.one("select owner_id from public.documents limit 1")
    filled.document(owner, content="A new one.")
    filled.parse(["It has two passages.", "Neither is embedded."])

    saved = asyncio.run(save(place, Store(str(tmp_path), None)))
    asyncio.run(_drop_vectors(place))
    without = asyncio.run(save(place, Store(str(tmp_path), None)))

    assert saved["vectors"]["missing"] == 0
    assert without["vectors"]["missing"] == saved["vectors"]["vectors"]


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
    with pytest.raises(CommandError, match="RIVULET_BACKUP_KEY is not set"):
        asyncio.run(restore(place, Store(str(tmp_path), None), None, replace=True))
    was = asyncio.run(likeness(place))
    aside = next(file for file in (tmp_path / "objects").rglob("*") if file.is_file())
    aside.rename(tmp_path / "aside")
    with pytest.raises(CommandError, match="1 file missing"):
        asyncio.run(restore(place, store, None, replace=True))
    (tmp_path / "aside").rename(aside)
    rows = tmp_path / "backups" / name / "rows" / "public.chunks.gz"
    rows.write_bytes(rows.read_bytes()[:-20])
    filled.all("update public.libraries set name = 'Changed since'")
    with pytest.raises(CommandError, match="cut off"):
        asyncio.run(restore(place, store, None, replace=True))
    assert filled.one("select count(*) from public.libraries where name = 'Changed since'") > 0, "nothing was touched"
    now = asyncio.run(likeness(place))
    assert (now.objects, now.answers) == (was.objects, was.answers)
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
