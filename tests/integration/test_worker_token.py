"""Listeners and functions that have a worker's token and no other key do all of the work."""

import asyncio
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from realtime import AsyncRealtimeClient

from infra.worker_token import mint
from schema.jobs import Queue
from tests.conftest import Gateway
from tests.integration.engine import Engine
from tests.integration.serverless import Functions, environment, token
from tests.integration.test_listeners import vectors
from tests.integration.test_trace import answered, follow, ready, told
from tests.integration.watched import Watched
from tests.scripted_model import NAME, ScriptedModel
from tests.waiting import eventually, eventually_async

TEXT = b"# The weir\n\nThe weir at Marbruck was built in 1903 by Anton Falk.\n"


@pytest.fixture
def settings(gateway: Gateway, chroma: str, scripted: tuple[ScriptedModel, str]) -> dict[str, str]:
    """Nothing of this opens more than the work needs."""
    given = environment(gateway.database, gateway.url, chroma, scripted[1])
    given |= {"CHAT_MODEL": NAME, "SUPABASE_WORKER_TOKEN": mint(gateway.database.jwt_secret, 1)}
    return {name: value for name, value in given.items() if name not in ("SUPABASE_SECRET_KEY", "JWT_SECRET")}


@pytest.fixture
def listener(settings: dict[str, str], tmp_path: Path) -> Iterator[Callable[[], str]]:
    """One that serves all queues; tells its log."""
    log = tmp_path / "listener.log"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SUPABASE")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "listeners", *Queue], env={**inherited, **settings}, stderr=output
        )
        yield log.read_text
        process.terminate()
        process.wait(20)


@pytest.mark.anyio
async def test_the_whole_way_with_the_token_alone(
    gateway: Gateway, engine: Engine, listener: Callable[[], str], chroma: str
) -> None:
    user = engine.person()
    entry, library = token(user, gateway.database.jwt_secret), engine.library(user)
    headers = {"apikey": gateway.database.publishable_key, "Authorization": f"Bearer {entry}"}
    conversation, heard = engine.conversation(user), list[dict[str, Any]]()
    reader = await follow(gateway, entry, conversation, heard)
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers, timeout=30) as person:
        path = f"/storage/v1/object/documents/{library}/weir.md"
        (await person.post(path, content=TEXT, headers={"Content-Type": "text/markdown"})).raise_for_status()
        await eventually_async(lambda: ready(engine), within=60)  # parse, embed
        asked = {"conversation_id": str(conversation), "content": "Who built the weir?"}
        (await person.post("/rest/v1/messages", json=asked)).raise_for_status()
        answer = await eventually_async(lambda: answered(engine), within=60)  # respond
        await eventually_async(lambda: told(heard, answer["content"]))
    await reader.close()
    assert engine.one("select count(*) from public.citations") > 0
    assert "doorbell_hears" in listener()

    document = engine.one("select id from public.documents")
    engine.one("select public.move_library_v1(%s, true)", library)
    eventually(lambda: _assert_moved(engine, library), 60)  # move
    engine.all("delete from public.documents where id = %s", document)
    eventually(lambda: _assert_gone(engine, chroma, document), 60)  # purge

    engine.all("create table public.notes (id int primary key, name text, body text)")
    engine.all("insert into public.notes select n, 'Note ' || n, 'Body ' || n from generate_series(1, 20) n")
    notes = Watched(engine, "public.notes", "name", ["body"], owner=user)
    eventually(lambda: _assert_followed(engine, notes), 60)  # backfill

    assert engine.all("select outcome from rivulet.job_history where outcome <> 'done'") == []


@pytest.mark.anyio
async def test_a_doorbell_hears_what_it_says_itself(gateway: Gateway, settings: dict[str, str]) -> None:
    client = AsyncRealtimeClient(f"{gateway.url}/realtime/v1", gateway.database.publishable_key)
    await client.connect()
    await client.set_auth(settings["SUPABASE_WORKER_TOKEN"])
    channel = client.channel(
        "wake:parse", {"config": {"private": True, "broadcast": {"ack": False, "self": True}, "presence": None}}
    )
    joined, heard = asyncio.Event(), asyncio.Event()
    channel.on_broadcast("canary", lambda _: heard.set())
    await channel.subscribe(lambda state, _: joined.set() if state.value == "SUBSCRIBED" else None)
    await asyncio.wait_for(joined.wait(), 20)

    await channel.send_broadcast("canary", {})

    await asyncio.wait_for(heard.wait(), 20)
    await client.close()


def _assert_moved(engine: Engine, library: uuid.UUID) -> None:
    assert engine.all("select state from rivulet.moves") == [("done",)]
    assert engine.one("select collection = rivulet.own_collection(%s) from rivulet.placements", library)


def _assert_gone(engine: Engine, chroma: str, document: uuid.UUID) -> None:
    assert engine.all("select 1 from storage.objects") == []
    assert engine.all("select vectors_left, files_removed from public.deletions") == [(0, 1)]
    assert vectors(chroma, document) == 0


def _assert_followed(engine: Engine, notes: Watched) -> None:
    assert notes.state() == "following"
    assert engine.all("select status, count(*) from public.documents group by 1") == [("ready", 20)]


def test_functions_work_with_the_token_and_open_for_it_alone(
    gateway: Gateway, engine: Engine, settings: dict[str, str], tmp_path: Path
) -> None:
    document = engine.document(engine.person())
    with Functions({**settings, "SUPABASE_SECRET_KEY": ""}, tmp_path).stopped() as functions:
        drain, health = functions.serve("drain"), functions.serve("health")
        secret = {"Authorization": f"Bearer {gateway.database.secret_key}"}
        own = {"Authorization": f"Bearer {settings['SUPABASE_WORKER_TOKEN']}"}

        assert httpx.post(drain.url, headers=secret).status_code == 401
        assert httpx.post(drain.url, headers=own, timeout=60).is_success
        assert engine.one("select status from public.documents where id = %s", document) == "ready"
        assert httpx.get(f"{drain.url.rstrip('/')}/metrics", headers=own).is_success
        assert httpx.get(health.url, timeout=30).json()["checks"]["data_api"]["ok"] is True
