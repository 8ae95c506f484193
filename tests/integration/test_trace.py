"""One trace id leads from an upload to the last words of an answer, through every process on the way."""

import asyncio
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from realtime import AsyncRealtimeClient

from infra.local import ports
from tests.conftest import Gateway
from tests.integration.collector import Collector, collecting
from tests.integration.engine import Engine
from tests.integration.serverless import environment, token
from tests.scripted_model import NAME, ScriptedModel
from tests.waiting import eventually, eventually_async

TRACE = uuid.uuid4().hex
SENT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
QUEUES = ("parse", "embed", "respond")
TEXT = b"# The weir\n\nThe weir at Marbruck was built in 1903 by Anton Falk.\n"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


class Listeners:
    """A process for each queue, with its log and the port of its health."""

    def __init__(self, settings: Mapping[str, str], folder: Path, running: ExitStack) -> None:
        self.logs = {queue: folder / f"{queue}.log" for queue in QUEUES}
        self.ports = {queue: ports.any_free() for queue in QUEUES}
        self.processes = {queue: self._start(queue, settings, running) for queue in QUEUES}

    def _start(self, queue: str, settings: Mapping[str, str], running: ExitStack) -> "subprocess.Popen[bytes]":
        log = running.enter_context(self.logs[queue].open("wb"))
        command = [sys.executable, "-m", "listeners", queue, "--health-port", str(self.ports[queue])]
        process = subprocess.Popen(command, env={**os.environ, **settings}, stderr=log)
        running.callback(_end, process)
        return process

    def lines(self, queue: str) -> list[dict[str, Any]]:
        """What a listener has written so far."""
        whole = self.logs[queue].read_text().rpartition("\n")[0]
        lines = whole.splitlines()
        assert [line for line in lines if not line.startswith("{")] == []
        return [json.loads(line) for line in lines]

    def metrics(self, queue: str) -> str:
        return httpx.get(f"http://{ports.HOST}:{self.ports[queue]}/metrics").text


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(20)


@pytest.fixture
def listeners(
    gateway: Gateway, chroma: str, scripted: tuple[ScriptedModel, str], collector: Collector, tmp_path: Path
) -> Iterator[Listeners]:
    settings = environment(gateway.database, gateway.url, chroma, scripted[1])
    settings |= {"CHAT_MODEL": NAME, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address}
    with ExitStack() as running:
        yield Listeners(settings, tmp_path, running)


@pytest.mark.anyio
async def test_one_trace_from_an_upload_to_the_last_words(
    gateway: Gateway, engine: Engine, listeners: Listeners, collector: Collector, scripted: tuple[ScriptedModel, str]
) -> None:
    user = engine.person()
    entry = token(user, gateway.database.jwt_secret)
    headers = {"apikey": gateway.database.publishable_key, "Authorization": f"Bearer {entry}", **SENT}
    conversation = engine.conversation(user)
    heard: list[dict[str, Any]] = []
    reader = await follow(gateway, entry, conversation, heard)
    async with httpx.AsyncClient(base_url=gateway.url, headers=headers, timeout=30) as person:
        path = f"/storage/v1/object/documents/{engine.library(user)}/weir.md"
        (await person.post(path, content=TEXT, headers={"Content-Type": "text/markdown"})).raise_for_status()
        assert engine.one("select trace_id from public.documents") == TRACE
        await eventually_async(lambda: ready(engine), within=60)
        asked = {"conversation_id": str(conversation), "content": "Who built the weir?"}
        (await person.post("/rest/v1/messages", json=asked)).raise_for_status()
        answer = await eventually_async(lambda: answered(engine), within=60)
        await eventually_async(lambda: told(heard, answer["content"]))
    await reader.close()

    assert answer["trace_id"] == TRACE
    assert {row[0] for row in engine.all("select trace_id from rivulet.job_history")} == {TRACE}
    for queue in QUEUES:
        ended = [line for line in listeners.lines(queue) if line["event"] == "job_ended"]
        assert [(line["trace_id"], line["outcome"]) for line in ended] == [(TRACE, "done")] * len(ended)
        assert ended
    assert scripted[0].traceparents[-1].split("-")[1] == TRACE

    whole = eventually(lambda: recorded(collector), within=20)
    assert {span.service for span in whole} == {f"rivulet-{queue}" for queue in QUEUES}
    assert {span.process for span in whole} == {process.pid for process in listeners.processes.values()}
    roots = {span.id for span in whole if not span.parent}
    assert roots == {TRACE[16:]}, "both the document and the question came in"
    ids = {span.id for span in whole}
    assert all(span.parent in ids for span in whole if span.parent), "no span hangs in the air"
    [respond] = [span for span in whole if span.name == "respond job"]
    assert respond.events == ("first token", "last delta")

    assert 'rivulet_job_wait_seconds_count{queue="parse"} 1.0' in listeners.metrics("parse")
    shown = listeners.metrics("respond")
    assert "rivulet_answer_first_token_seconds_count 1.0" in shown
    assert f'rivulet_model_tokens_total{{kind="prompt",model="{NAME}"}}' in shown
    assert 'rivulet_queue_jobs{queue="parse",state="ready"} 0.0' in shown


def recorded(collector: Collector) -> list[Any]:
    """The trace, once the job that ends it has been sent."""
    spans = collector.of(TRACE)
    assert {"parse job", "embed job", "respond job", "question came in"} <= {span.name for span in spans}
    return spans


async def follow(
    gateway: Gateway, entry: str, conversation: uuid.UUID, heard: list[dict[str, Any]]
) -> AsyncRealtimeClient:
    """A reader of the conversation."""
    client = AsyncRealtimeClient(f"{gateway.url}/realtime/v1", gateway.database.publishable_key)
    await client.connect()
    await client.set_auth(entry)
    channel = client.channel(
        f"conversation:{conversation}",
        {"config": {"private": True, "broadcast": {"ack": False, "self": False}, "presence": None}},
    )
    channel.on_broadcast("delta", lambda message: heard.append(message["payload"]))
    joined = asyncio.Event()
    await channel.subscribe(lambda state, _: joined.set() if state.value == "SUBSCRIBED" else None)
    await asyncio.wait_for(joined.wait(), 20)
    return client


def ready(engine: Engine) -> None:
    assert [status for (status,) in engine.all("select status from public.documents")] == ["ready"]


def answered(engine: Engine) -> dict[str, Any]:
    found = engine.all("select to_jsonb(m) from public.messages m where role = 'assistant' and status = 'complete'")
    assert found
    row: dict[str, Any] = found[0][0]
    return row


def told(heard: list[dict[str, Any]], content: str) -> None:
    assert "".join(delta["text"] for delta in sorted(heard, key=lambda delta: delta["offset"])) == content
