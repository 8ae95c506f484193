"""What the local Supabase takes: `python -m tests.benchmarks.gateway [--json] [--requests N] [--only PART]`.

The gateway runs as a process of its own over a PostgreSQL of its own; the clients here do as little as they can. The
same statements over asyncpg directly, as the same role, are what its times are compared with (`make bench-setup`).

Load on the machine makes every figure worse; `load` says how much there was.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
import psycopg
import uvloop

from infra.local import ports
from infra.local.gateway.keys import Keyring
from tests import databases, serving
from tests.benchmarks.figures import Figure, p95, parser, say, show
from tests.benchmarks.gateway_load import requests, sockets
from tests.integration.realtime_server import commit_at_once

BENCH_PYTHON = Path(sys.prefix) / "bench" / "bin" / "python"
CHECKOUT = Path(__file__).parents[2]
CONCURRENCIES = (1, 32)
MEASURED = 3_000  # requests of one measurement
WARM = 300
SUBSCRIBERS, MESSAGES_PER_SECOND, BROADCAST_SECONDS = 100, 1_000, 5.0
ROWS, ROW_PAUSE = 200, 0.02
IDLE_SOCKETS = 1_000
AIMS = {
    "select_ratio_1": "≤ 4",
    "rpc_ratio_1": "≤ 4",
    "requests_per_second": "≥ 700",
    "broadcast_p95_ms": "≤ 50",
    "row_p95_ms": "≤ 40",
    "idle_sockets_mb": "≤ 300",
    "start_seconds": "≤ 2",
    "memory_grown_mb": "flat",
}
SCHEMA = """
create table public.bench_notes (
  id int primary key, owner uuid not null, title text, body text, at timestamptz default now());
alter table public.bench_notes enable row level security;
create policy own on public.bench_notes for select to authenticated using (owner = auth.uid());
insert into public.bench_notes select i, '00000000-0000-4000-8000-000000000001', 'note ' || i, repeat('x', 100)
  from generate_series(1, 1000) i;
create function public.bench_note(wanted int) returns json language sql stable as
  'select json_build_object(''id'', id, ''title'', title) from public.bench_notes where id = wanted';
alter publication supabase_realtime add table public.bench_notes;
notify pgrst, 'reload schema';
"""
PERSON = "00000000-0000-4000-8000-000000000001"
#: What the gateway runs for the requests below, written as one would write it by hand.
STATEMENTS = {
    "select": "select coalesce(json_agg(r), '[]')::text"
    " from (select id, title, body from public.bench_notes where id = 500) r",
    "rpc": "select public.bench_note(500)::text",
}
#: What each connection without the gateway does once, and the gateway for each request.
AS_PERSON = f"set role authenticated; set request.jwt.claims = '{json.dumps({'sub': PERSON, 'role': 'authenticated'})}'"
Part = Callable[["Stack"], Awaitable[dict[str, Figure]]]


@dataclass(frozen=True)
class Stack:
    """A gateway process and what is behind it."""

    port: int
    process: psutil.Process
    database: databases.Database
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What every request of the person carries."""
        return {"apikey": self.database.publishable_key, "authorization": f"Bearer {self.token}"}

    def memory_mb(self) -> float:
        """The gateway's resident memory."""
        return float(self.process.memory_info().rss) / 1e6

    def requests(self) -> dict[str, bytes]:
        """The requests whose statements are above."""
        body = b'{"wanted":500}'
        posted = {**self.headers, "content-type": "application/json"}
        return {
            "select": requests.request("GET", "/rest/v1/bench_notes?select=id,title,body&id=eq.500", self.headers),
            "rpc": requests.request("POST", "/rest/v1/rpc/bench_note", posted, body),
        }


def main() -> None:
    """Measure and print."""
    chosen = parser(__doc__)
    chosen.add_argument("--requests", type=int, default=100_000, help="of the run that memory is watched over")
    chosen.add_argument("--only", choices=sorted(PARTS), help="measure one part alone")
    arguments = chosen.parse_args()
    figures: dict[str, Figure] = {}
    with databases.running_server() as server, server.database_from(databases.PLATFORM_TEMPLATE) as database:
        commit_at_once(database)
        with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
            owner.execute(SCHEMA)
        with _gateway(database, figures) as stack:
            uvloop.run(_measure(stack, arguments, figures))
    figures["load"] = round(os.getloadavg()[0], 1)
    show(figures, AIMS, arguments.json)


@contextmanager
def _gateway(database: databases.Database, figures: dict[str, Figure]) -> Iterator[Stack]:
    """Run the gateway, and note how long it took to answer."""
    port = ports.any_free()
    url = f"http://{ports.HOST}:{port}/healthz"
    with tempfile.TemporaryDirectory() as storage:
        environment = {
            "GATEWAY_PORT": str(port),
            "GATEWAY_ADMIN_DSN": database.admin_dsn,
            "GATEWAY_AUTHENTICATOR_DSN": database.authenticator_dsn,
            "GATEWAY_AUTH_DSN": database.auth_dsn,
            "GATEWAY_STORAGE_DSN": database.storage_dsn,
            "GATEWAY_STORAGE_DIR": storage,
            "JWT_SECRET": database.jwt_secret,
            "SUPABASE_PUBLISHABLE_KEY": database.publishable_key,
            "SUPABASE_SECRET_KEY": database.secret_key,
            "LOG_LEVEL": "WARNING",
        }
        command = [sys.executable, "-m", "infra.local.gateway"]
        started = time.perf_counter()
        with serving.process(command, environment, lambda: serving.answers(url)) as process:
            figures["start_seconds"] = time.perf_counter() - started
            yield Stack(port, psutil.Process(process.pid), database, _token(database))


def _token(database: databases.Database) -> str:
    keyring = Keyring(database.jwt_secret, database.publishable_key, database.secret_key)
    return keyring.sign({"sub": PERSON, "role": "authenticated", "exp": int(time.time()) + 36_000})


async def _measure(stack: Stack, arguments: argparse.Namespace, figures: dict[str, Figure]) -> None:
    for name, part in PARTS.items():
        if arguments.only in (None, name):
            say(f"{name} …")
            figures |= await part(stack)
    if arguments.only is None and arguments.requests:
        say(f"memory over {arguments.requests:,} requests …")
        figures |= await _memory(stack, arguments.requests)


async def _requests(stack: Stack) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    for name, wanted in stack.requests().items():
        for concurrency in CONCURRENCIES:
            await requests.run(stack.port, wanted, WARM, concurrency)
            load = await requests.run(stack.port, wanted, MEASURED, concurrency)
            figures[f"{name}_p50_ms_{concurrency}"] = own = 1000 * median(load.each)
            figures[f"{name}_p95_ms_{concurrency}"] = 1000 * p95(load.each)
            figures[f"{name}_per_second_{concurrency}"] = load.per_second
            direct = await _direct(stack.database.owner_dsn, concurrency, STATEMENTS[name])
            if direct:
                figures[f"{name}_direct_p50_ms_{concurrency}"] = direct["p50_ms"]
                figures[f"{name}_direct_p95_ms_{concurrency}"] = direct["p95_ms"]
                figures[f"{name}_ratio_{concurrency}"] = own / direct["p50_ms"]
    rates = [figures[f"{name}_per_second_{CONCURRENCIES[-1]}"] for name in STATEMENTS]
    figures["requests_per_second"] = min(float(rate or 0) for rate in rates)
    return figures


async def _direct(dsn: str, concurrency: int, statement: str) -> dict[str, float] | None:
    if not BENCH_PYTHON.exists():
        say(f"asyncpg is left out: {BENCH_PYTHON} does not exist. Make it with: make bench-setup")
        return None
    module = "tests.benchmarks.contenders.asyncpg_direct"
    command = [str(BENCH_PYTHON), "-m", module, dsn, AS_PERSON, str(concurrency), str(MEASURED), statement]
    done = await asyncio.create_subprocess_exec(*command, cwd=CHECKOUT, stdout=subprocess.PIPE)
    told, _ = await done.communicate()
    found: dict[str, float] = json.loads(told)
    return found


async def _broadcast(stack: Stack) -> dict[str, Figure]:
    waits: list[float] = []

    def hear(frame: bytes, now: float) -> None:
        place = frame.find(b'"t":') + 4
        if place > 3:
            waits.append(now - float(frame[place : frame.find(b",", place)]))

    key = stack.database.publishable_key
    subscribers = [await sockets.Socket.connect(stack.port, key, hear) for _ in range(SUBSCRIBERS)]
    sender = await sockets.Socket.connect(stack.port, key, lambda _, __: None)
    for socket in (*subscribers, sender):
        await socket.join("bench", {"private": False})
    started, sent = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - started) < BROADCAST_SECONDS:
        while sent < elapsed * MESSAGES_PER_SECOND:
            told = {"t": time.perf_counter(), "text": "x" * 100}
            sender.send("realtime:bench", "broadcast", {"type": "broadcast", "event": "e", "payload": told})
            sent += 1
        await asyncio.sleep(0.001)
    await _until(lambda: len(waits) >= sent * SUBSCRIBERS, 20)
    for socket in (*subscribers, sender):
        socket.transport.abort()
    return {
        "broadcast_sent_per_second": sent / BROADCAST_SECONDS,
        "broadcast_lost": sent * SUBSCRIBERS - len(waits),
        "broadcast_p50_ms": 1000 * median(waits),
        "broadcast_p95_ms": 1000 * p95(waits),
    }


async def _rows(stack: Stack) -> dict[str, Figure]:
    """From the commit of a row to who may see it: half of the subscribers may, and the others must not hear of it."""
    heard: list[tuple[int, float]] = []
    ready: list[bytes] = []
    strayed: list[int] = []

    def listener(note: Callable[[int, float], None]) -> sockets.Hear:
        def hear(frame: bytes, now: float) -> None:
            if b'"system"' in frame:
                ready.append(frame)
            elif b'"postgres_changes"' in frame:
                note(json.loads(frame)["payload"]["data"]["record"]["id"], now)

        return hear

    mine, others = listener(lambda row, now: heard.append((row, now))), listener(lambda row, _: strayed.append(row))
    config = {"postgres_changes": [{"event": "INSERT", "schema": "public", "table": "bench_notes"}]}
    keyring = Keyring(stack.database.jwt_secret, stack.database.publishable_key, stack.database.secret_key)
    stranger = keyring.sign(
        {"sub": "0" * 8 + PERSON[8:-1] + "2", "role": "authenticated", "exp": int(time.time()) + 3600}
    )
    made = []
    for token, hear in ((stack.token, mine), (stranger, others)) * 10:
        socket = await sockets.Socket.connect(stack.port, stack.database.publishable_key, hear)
        await socket.join("rows", config, token)
        made.append(socket)
    await _until(lambda: len(ready) >= len(made), 20)
    committed: dict[int, float] = {}
    async with await psycopg.AsyncConnection.connect(stack.database.owner_dsn, autocommit=True) as owner:
        for number in range(10_001, 10_001 + ROWS):
            await owner.execute("insert into public.bench_notes values (%s, %s, 'a', 'b')", [number, PERSON])
            committed[number] = time.perf_counter()
            await asyncio.sleep(ROW_PAUSE)
    await _until(lambda: len(heard) >= ROWS * 10, 20)
    for socket in made:
        socket.transport.abort()
    waits = [max(0.0, when - committed[number]) for number, when in heard if number in committed]
    return {
        "row_p50_ms": 1000 * median(waits),
        "row_p95_ms": 1000 * p95(waits),
        "row_lost": ROWS * 10 - len(waits),
        "row_seen_by_strangers": len(strayed),
    }


async def _idle(stack: Stack) -> dict[str, Figure]:
    before = stack.memory_mb()
    made = []
    for number in range(IDLE_SOCKETS):
        socket = await sockets.Socket.connect(stack.port, stack.database.publishable_key, lambda _, __: None)
        await socket.join(f"idle-{number}", {"private": False})
        made.append(socket)
    after = stack.memory_mb()
    lost = sum(socket.lost for socket in made)
    for socket in made:
        socket.transport.abort()
    return {"idle_sockets_mb": after, "idle_socket_kb_each": 1000 * (after - before) / IDLE_SOCKETS, "idle_lost": lost}


async def _memory(stack: Stack, number: int) -> dict[str, Figure]:
    wanted = stack.requests()["select"]
    await requests.run(stack.port, wanted, number // 10, CONCURRENCIES[-1])
    before = stack.memory_mb()
    load = await requests.run(stack.port, wanted, number, CONCURRENCIES[-1])
    after = stack.memory_mb()
    return {"memory_mb": after, "memory_grown_mb": after - before, "memory_run_per_second": load.per_second}


async def _until(done: Callable[[], bool], seconds: float) -> None:
    """Wait until `done`, at most some seconds: what is missing then shows in the figures."""
    deadline = time.perf_counter() + seconds
    while not done() and time.perf_counter() < deadline:  # noqa: ASYNC110 - what is waited for is a count
        await asyncio.sleep(0.01)


PARTS: dict[str, Part] = {"requests": _requests, "broadcast": _broadcast, "rows": _rows, "idle": _idle}

if __name__ == "__main__":
    main()
