"""The Supabase that the contract tests talk to: the local gateway, or any other that the environment names.

For another one set ``CONTRACT_URL``, ``CONTRACT_PUBLISHABLE_KEY``, ``CONTRACT_SECRET_KEY`` and
``CONTRACT_DATABASE_URL`` (of the role ``postgres``). It must be one made for tests: tables, buckets and people named
``contract…`` are made there.
"""

import itertools
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
import psycopg
import pytest
from starlette.applications import Starlette
from supabase import AsyncClientOptions, create_async_client, create_client
from supabase.lib.client_options import SyncClientOptions

from infra.local import ports
from infra.local.gateway.app import create_app
from infra.local.gateway.settings import GatewaySettings
from tests import databases, serving
from tests.contract.blocking import Blocking

TABLES = Path(__file__).with_name("tables.sql")
PASSWORD = "correct horse"
Flow = Literal["implicit", "pkce"]
Client = Any  # a supabase.AsyncClient; its answers' JSON is typed as a union that no test wants to take apart
MakeClient = Callable[..., Awaitable[Client]]
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Project:
    """A Supabase project; ``owner_dsn`` connects as the role ``postgres``."""

    url: str
    publishable_key: str
    secret_key: str
    owner_dsn: str
    settings: GatewaySettings | None = None

    @property
    def local(self) -> bool:
        """Whether it is the local gateway, made for this session."""
        return self.settings is not None


@dataclass(frozen=True)
class Person:
    """Someone who has signed up, with a client that is signed in as them."""

    client: Client
    id: str
    email: str
    password: str


@pytest.fixture(scope="session")
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project under test, with the contract's tables."""
    if "CONTRACT_URL" in os.environ:
        found = Project(
            os.environ["CONTRACT_URL"].rstrip("/"),
            os.environ["CONTRACT_PUBLISHABLE_KEY"],
            os.environ["CONTRACT_SECRET_KEY"],
            os.environ["CONTRACT_DATABASE_URL"],
        )
        _make_tables(found.owner_dsn)
        yield found
        return
    server: databases.Server = request.getfixturevalue("server")
    storage = tmp_path_factory.mktemp("storage")
    with server.database_from(databases.PLATFORM_TEMPLATE) as database:
        _make_tables(database.owner_dsn)
        with _serving(_settings(database, storage), database.owner_dsn) as found:
            yield found


@contextmanager
def _serving(settings: GatewaySettings, owner_dsn: str) -> Iterator[Project]:
    def app(port: int) -> Starlette:
        return create_app(settings.model_copy(update={"port": port}))

    with serving.application(app) as url:
        yield Project(url, settings.publishable_key, settings.secret_key, owner_dsn, settings)


@pytest.fixture(scope="session")
def strict_project(project: Project) -> Iterator[Project]:
    """The same project where who signs up must first confirm their address."""
    if project.settings is None:
        pytest.skip("another Supabase has its own settings")
    stricter = project.settings.model_copy(update={"confirm_email": True})
    with _serving(stricter, project.owner_dsn) as found:
        yield found


def _make_tables(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as owner:
        owner.execute(TABLES.read_bytes())


def _settings(database: databases.Database, storage: Path) -> GatewaySettings:
    return GatewaySettings(
        host=ports.HOST,
        admin_dsn=database.admin_dsn,
        authenticator_dsn=database.authenticator_dsn,
        auth_dsn=database.auth_dsn,
        storage_dsn=database.storage_dsn,
        storage_dir=storage,
        jwt_secret=database.jwt_secret,
        publishable_key=database.publishable_key,
        secret_key=database.secret_key,
    )


@pytest.fixture(params=["async", "sync"])
def library(request: pytest.FixtureRequest) -> str:
    """Which of the official Python library's clients a test runs with: each test runs with both."""
    return str(request.param)


@pytest.fixture
async def make_client(project: Project, library: str) -> AsyncIterator[MakeClient]:
    """Makes clients of the official library that share one connection pool, closed after the test."""
    encrypted = project.url.startswith("https:")  # reading the certificates takes longer than most tests
    with httpx.Client(timeout=30, follow_redirects=True, verify=encrypted) as blocking:
        async with httpx.AsyncClient(timeout=30, follow_redirects=True, verify=encrypted) as http:

            async def make(key: str, flow: Flow = "implicit", url: str = project.url) -> Client:
                chosen: dict[str, Any] = {"auto_refresh_token": False, "persist_session": True, "flow_type": flow}
                if library == "sync":
                    options = SyncClientOptions(httpx_client=blocking, **chosen)
                    made = create_client(url, key, options)
                    return Blocking(lambda: made)
                return await create_async_client(url, key, AsyncClientOptions(httpx_client=http, **chosen))

            yield make


@pytest.fixture
async def anon(project: Project, make_client: MakeClient) -> Client:
    """A client with the publishable key, not signed in."""
    return await make_client(project.publishable_key)


@pytest.fixture
async def service(project: Project, make_client: MakeClient) -> Client:
    """A client with the secret key."""
    return await make_client(project.secret_key)


@pytest.fixture
async def person(anon: Client) -> Person:
    """Somebody signed in."""
    return await sign_up(anon)


@pytest.fixture
async def other(project: Project, make_client: MakeClient) -> Person:
    """Somebody else signed in."""
    return await sign_up(await make_client(project.publishable_key))


@pytest.fixture
async def http(project: Project) -> AsyncIterator[httpx.AsyncClient]:
    """A bare HTTP client with the publishable key, for what the library cannot say."""
    headers = {"apikey": project.publishable_key, "authorization": f"Bearer {project.publishable_key}"}
    async with httpx.AsyncClient(
        base_url=project.url, headers=headers, timeout=30, verify=project.url.startswith("https:")
    ) as client:
        yield client


@pytest.fixture
def owner(project: Project) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A connection of the role ``postgres``, in autocommit."""
    with psycopg.connect(project.owner_dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def bucket(service: Client) -> AsyncIterator[str]:
    """A private bucket, emptied and removed after the test."""
    name = unique("contract-")
    await service.storage.create_bucket(name)
    yield name
    await service.storage.empty_bucket(name)
    await service.storage.delete_bucket(name)


def unique(prefix: str) -> str:
    """Return a name that nobody else uses."""
    return f"{prefix}{next(_numbers)}-{uuid.uuid4().hex[:8]}"


async def sign_up(client: Client, **data: Any) -> Person:
    """Sign somebody new up."""
    email = f"{unique('contract-')}@example.com"
    answer = await client.auth.sign_up({"email": email, "password": PASSWORD, "options": {"data": data}})
    assert answer.user is not None
    return Person(client, answer.user.id, email, PASSWORD)
