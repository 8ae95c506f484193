"""One gateway for all of Realtime's contract tests: each uses topics and tables of its own."""

import itertools
import socket
import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest
import uvicorn

from infra.local import ports
from infra.local.gateway.app import create_app
from infra.local.gateway.realtime import WebSocketTransport
from infra.local.gateway.settings import GatewaySettings
from tests import databases
from tests.conftest import Gateway
from tests.integration.realtime_server import commit_at_once
from tests.waiting import eventually

_numbers = itertools.count(1)


@pytest.fixture(scope="package")
def gateway(server: databases.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The gateway of the local stack, with the sockets' own transport, in front of a database without migrations."""
    storage = tmp_path_factory.mktemp("storage")
    with server.database_from(databases.PLATFORM_TEMPLATE) as database, socket.socket() as listening:
        commit_at_once(database)
        listening.bind((ports.HOST, 0))
        port = listening.getsockname()[1]
        settings = GatewaySettings(
            host=ports.HOST,
            port=port,
            admin_dsn=database.admin_dsn,
            authenticator_dsn=database.authenticator_dsn,
            auth_dsn=database.auth_dsn,
            storage_dsn=database.storage_dsn,
            storage_dir=storage,
            jwt_secret=database.jwt_secret,
            publishable_key=database.publishable_key,
            secret_key=database.secret_key,
        )
        config = uvicorn.Config(create_app(settings), log_level="warning", ws=WebSocketTransport)
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            eventually(lambda: _assert_started(running), within=20)
            yield Gateway(f"http://{ports.HOST}:{port}", database, storage)
        finally:
            running.should_exit = True
            thread.join(timeout=20)
            assert not thread.is_alive(), "the gateway did not stop"


@pytest.fixture
def name() -> str:
    """A name that no other test uses, for a topic or a table."""
    return f"thing_{next(_numbers)}"


@pytest.fixture
def run(gateway: Gateway) -> Iterator[Callable[[str], None]]:
    """Runs SQL as ``postgres``, the role of a project's own migrations, each call in a transaction of its own."""
    with psycopg.connect(gateway.database.owner_dsn, autocommit=True) as owner:

        def execute(statement: str) -> None:
            with owner.transaction():
                owner.execute(statement.encode())

        yield execute


def _assert_started(running: uvicorn.Server) -> None:
    assert running.started
