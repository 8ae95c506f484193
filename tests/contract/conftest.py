"""The Supabase that the contract tests talk to: the local gateway, or any other that the environment names.

For another one set ``CONTRACT_URL``, ``CONTRACT_PUBLISHABLE_KEY``, ``CONTRACT_SECRET_KEY`` and
``CONTRACT_DATABASE_URL`` (of the role ``postgres``). It must be one made for tests: tables, buckets and people named
``contract…`` are made there.
"""

import itertools
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from supabase import AsyncClient, AsyncClientOptions, create_async_client

from infra.local import ports
from infra.local.gateway.app import create_app
from infra.local.gateway.settings import GatewaySettings
from tests import databases, serving

TABLES = Path(__file__).with_name("tables.sql")
PASSWORD = "correct horse"
Client = Any  # a supabase.AsyncClient; its answers' JSON is typed as a union that no test wants to take apart
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Project:
    """A Supabase project; ``owner_dsn`` connects as the role ``postgres``."""

    url: str
    publishable_key: str
    secret_key: str
    owner_dsn: str
    local: bool


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
            False,
        )
        _make_tables(found.owner_dsn)
        yield found
        return
    server: databases.Server = request.getfixturevalue("server")
    storage = tmp_path_factory.mktemp("storage")
    with server.database_from(databases.PLATFORM_TEMPLATE) as database:
        _make_tables(database.owner_dsn)
        with serving.application(lambda port: create_app(_settings(database, storage, port))) as url:
            yield Project(url, database.publishable_key, database.secret_key, database.owner_dsn, True)


def _make_tables(owner_dsn: str) -> None:
    with psycopg.connect(owner_dsn) as owner:
        owner.execute(TABLES.read_bytes())


def _settings(database: databases.Database, storage: Path, port: int) -> GatewaySettings:
    return GatewaySettings(
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


@pytest.fixture
async def make_client(project: Project) -> AsyncIterator[Callable[[str], Awaitable[AsyncClient]]]:
    """Makes clients of the official library that share one connection pool, closed after the test."""
    encrypted = project.url.startswith("https:")  # reading the certificates takes longer than most tests
    async with httpx.AsyncClient(timeout=30, follow_redirects=True, verify=encrypted) as http:

        async def make(key: str) -> AsyncClient:
            options = AsyncClientOptions(auto_refresh_token=False, persist_session=True, httpx_client=http)
            return await create_async_client(project.url, key, options)

        yield make


@pytest.fixture
async def anon(project: Project, make_client: Callable[[str], Awaitable[AsyncClient]]) -> AsyncClient:
    """A client with the publishable key, not signed in."""
    return await make_client(project.publishable_key)


@pytest.fixture
async def service(project: Project, make_client: Callable[[str], Awaitable[AsyncClient]]) -> AsyncClient:
    """A client with the secret key."""
    return await make_client(project.secret_key)


@pytest.fixture
async def person(anon: AsyncClient) -> Person:
    """Somebody signed in."""
    return await sign_up(anon)


@pytest.fixture
async def other(project: Project, make_client: Callable[[str], Awaitable[AsyncClient]]) -> Person:
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
async def bucket(service: AsyncClient) -> AsyncIterator[str]:
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
