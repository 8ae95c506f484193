"""A Realtime server on its own, so that tests can choose its limits and stop what it stands on."""

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
import uvicorn
from starlette.applications import Starlette

from infra.local import ports
from infra.local.gateway.keys import Keyring
from infra.local.gateway.realtime import Realtime, WebSocketTransport
from infra.local.gateway.realtime.limits import Limits
from tests.conftest import Gateway
from tests.databases import Database
from tests.waiting import eventually


def commit_at_once(database: Database) -> None:
    """Have each commit written to the log when it happens: Realtime sees what is written there, not before."""
    with psycopg.connect(database.admin_dsn, autocommit=True) as admin:
        admin.execute(f"alter database {database.name} set synchronous_commit = on".encode())


@contextmanager
def realtime(database: Database, limits: Limits | None = None) -> Iterator[Gateway]:
    """Serve Realtime for ``database`` until the block ends."""
    with socket.socket() as listening:
        listening.bind((ports.HOST, 0))
        app = application(database, limits or Limits())
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws=WebSocketTransport))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            eventually(lambda: _assert_started(server), within=20)
            yield Gateway(f"http://{ports.HOST}:{listening.getsockname()[1]}", database, Path())
        finally:
            server.should_exit = True
            thread.join(timeout=20)
            assert not thread.is_alive(), "Realtime did not stop"


def application(database: Database, limits: Limits) -> Starlette:
    """Return an application that serves Realtime alone."""
    keyring = Keyring(database.jwt_secret, database.publishable_key, database.secret_key)
    server = Realtime(database.admin_dsn, keyring, limits)

    @asynccontextmanager
    async def running(_: Starlette) -> AsyncIterator[None]:
        await server.start()
        yield
        await server.stop()

    return Starlette(routes=server.routes(), lifespan=running)


def _assert_started(server: uvicorn.Server) -> None:
    assert server.started
