"""Fixtures for every kind of test: real servers, started once per session, and a fresh database per test."""

import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from redis import Redis

from infra.local import chroma as chroma_server
from infra.local import ports, redis, state
from tests import databases, isolation, memory, serving

_left_by_workers: list[str] = []


# How long an example takes says more about the machine than about the code. A run says what the change did, so it tries
# the same examples each time; `--hypothesis-profile explore` looks for new ones.
hypothesis.settings.register_profile("rivulet", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=3_000)
hypothesis.settings.load_profile("rivulet")


def pytest_configure() -> None:
    isolation.begin()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a run that is ended from outside ends its servers, too
    # A shell that starts a run in the background has it ignore Ctrl-C, and so would every command that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: tests often wait for a process to start, or for nothing to happen."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)  # after all workers have ended
def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.pluginmanager.hasplugin("dsession"):
        _fail_for(_left_by_workers, session)
        return
    left = [f"{process.pid} {process.cmdline()}" for process in isolation.end_left_processes()]
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left"] = left
    else:
        _fail_for(left, session)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    _left_by_workers.extend(getattr(node, "workeroutput", {}).get("left", []))


def _fail_for(left: Sequence[str], session: pytest.Session) -> None:
    for process in left:
        session.config.get_terminal_writer().line(f"\nleft behind by a test: {process}", red=True)
    if left:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests (`pytest.mark.anyio`) run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path | None]:
    """Where servers keep their files; None: where temporary files go."""
    with memory.folder() as made:
        yield made


@pytest.fixture(scope="session")
def server(servers_folder: Path | None) -> Iterator[databases.Server]:
    """The session's PostgreSQL."""
    with databases.running_server(parent=servers_folder) as running:
        yield running


@pytest.fixture
def database(server: databases.Server) -> Iterator[databases.Database]:
    """A database with the platform and all migrations, for one test."""
    with server.database_from(databases.PROJECT_TEMPLATE) as made:
        yield made


@pytest.fixture
def platform_database(server: databases.Server) -> Iterator[databases.Database]:
    """A database as a new Supabase project has it, without our migrations, for one test."""
    with server.database_from(databases.PLATFORM_TEMPLATE) as made:
        yield made


@dataclass(frozen=True)
class Gateway:
    """A running gateway and the database behind it."""

    url: str
    database: databases.Database
    storage: Path


@pytest.fixture
def gateway(database: databases.Database, tmp_path: Path) -> Iterator[Gateway]:
    """The gateway of the local stack in front of this test's database."""
    from infra.local.gateway.app import create_app
    from infra.local.gateway.settings import GatewaySettings

    storage = tmp_path / "storage"

    def settings(port: int) -> GatewaySettings:
        return GatewaySettings.from_env(
            {
                "GATEWAY_HOST": ports.HOST,
                "GATEWAY_PORT": str(port),
                "GATEWAY_ADMIN_DSN": database.admin_dsn,
                "GATEWAY_AUTHENTICATOR_DSN": database.authenticator_dsn,
                "GATEWAY_AUTH_DSN": database.auth_dsn,
                "GATEWAY_STORAGE_DSN": database.storage_dsn,
                "GATEWAY_STORAGE_DIR": str(storage),
                "JWT_SECRET": database.jwt_secret,
                "SUPABASE_PUBLISHABLE_KEY": database.publishable_key,
                "SUPABASE_SECRET_KEY": database.secret_key,
                "LOG_LEVEL": "WARNING",
            }
        )

    with serving.application(lambda port: create_app(settings(port))) as url:
        yield Gateway(url, database, storage)


@pytest.fixture(scope="session")
def chroma(servers_folder: Path | None) -> Iterator[str]:
    """The address of a Chroma server; tests keep apart by collection names of their own."""
    port = ports.any_free()
    url = f"http://{ports.HOST}:{port}"
    with tempfile.TemporaryDirectory(prefix="rivulet-test-", dir=servers_folder) as folder:
        command, environment = chroma_server.command(Path(folder), port), chroma_server.environment()
        with serving.process(command, environment, lambda: serving.answers(url + chroma_server.HEALTH_PATH)):
            yield url


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Redis server."""
    port, password = ports.any_free(), state.Secrets().redis_password
    configuration = redis.configure(tmp_path_factory.mktemp("redis"), port, password)
    with serving.process(redis.command(configuration), {}, lambda: serving.listens(port)):
        yield redis.url(port, password)


@pytest.fixture
def redis_server(redis_process: str) -> str:
    """The address of an empty Redis: a breaker that one test has tripped is not for the next one."""
    with Redis.from_url(redis_process) as client:
        client.flushall()
    return redis_process


@pytest.fixture(scope="session")
def model_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the local model server, without `/v1`."""
    with serving.models(tmp_path_factory.mktemp("models")) as url:
        yield url
