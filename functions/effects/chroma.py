"""The connection to Chroma: one client, handles of collections kept, foreign errors translated."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import chromadb
import httpx
import orjson
from chromadb.api.models.AsyncCollection import AsyncCollection
from chromadb.config import DEFAULT_DATABASE, DEFAULT_TENANT
from chromadb.config import Settings as ChromaSettings
from chromadb.errors import ChromaError, NotFoundError

from functions.telemetry.calls import watched
from schema.errors import TransientError
from schema.places import Place, VectorServer

READ_SECONDS = 10.0  # while somebody waits for an answer
WRITE_SECONDS = 120.0  # of a thousand vectors, by a server that is busy
KEY_HEADER = "x-chroma-token"
# What the client lets through as it is, and what those raise that ask without it.
_FAULTS = (httpx.HTTPError, aiohttp.ClientError, ChromaError, TimeoutError, orjson.JSONDecodeError)


class Chroma:
    """A Chroma server. A physical collection holds the vectors of one model and of one or more libraries."""

    def __init__(self, server: VectorServer, seconds: float = WRITE_SECONDS) -> None:
        """`seconds`: the most that one call may take."""
        self._server = server
        self._address = server.address
        self._seconds = seconds
        self._client: Any = None
        self._collections: dict[str, AsyncCollection] = {}

    @property
    def url(self) -> str:
        """Where it is served."""
        return self._address.url

    @asynccontextmanager
    async def opened(self, place: Place) -> AsyncIterator[AsyncCollection]:
        """The collection of a place, made if need be. Handles are kept; after any error they are looked up anew."""
        key = place.physical
        async with self._forgetting(key, "use"):
            if key not in self._collections:
                client = await self._connected()
                self._collections[key] = await client.get_or_create_collection(
                    key, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
                )
            yield self._collections[key]

    @asynccontextmanager
    async def found(self, name: str) -> AsyncIterator[AsyncCollection | None]:
        """The collection of a physical name as it is now; None if there is none."""
        async with self._forgetting(name, "look"):
            client = await self._connected()
            try:
                collection = await client.get_collection(name, embedding_function=None)
            except NotFoundError:
                collection = None
            yield collection

    async def drop(self, name: str) -> None:
        """Delete a collection by its physical name, with all that is in it; one that is not there is fine."""
        async with self._forgetting(name, "drop"):
            client = await self._connected()
            self._collections.pop(name, None)
            try:
                await client.delete_collection(name)
            except NotFoundError:
                return

    async def names(self, limit: int, offset: int) -> list[str]:
        """A page of the physical names of all collections."""
        async with self._forgetting("", "list"):
            client = await self._connected()
            return [collection.name for collection in await client.list_collections(limit=limit, offset=offset)]

    @asynccontextmanager
    async def _forgetting(self, key: str, operation: str) -> AsyncIterator[None]:
        try:
            with watched("vectors", operation):
                async with asyncio.timeout(self._seconds):  # the client has none
                    yield
        except Exception as error:
            if not (isinstance(error, _FAULTS) or _says_it_all(error)):
                raise
            self._collections.pop(key, None)
            raise TransientError("vectors_unavailable", "The vector index cannot be reached at the moment.") from error

    async def _connected(self) -> Any:
        if self._client is None:
            self._client = await self._connect()
        return self._client

    async def _connect(self) -> Any:
        try:
            return await chromadb.AsyncHttpClient(
                host=self._address.host,
                port=self._address.port,
                ssl=self._address.secure,
                headers=key_headers(self._server),
                tenant=self._server.tenant or DEFAULT_TENANT,
                database=self._server.database or DEFAULT_DATABASE,
                # Left to itself the client believes any certificate.
                settings=ChromaSettings(anonymized_telemetry=False, chroma_server_ssl_verify=True),
            )
        except ValueError as error:  # what the client raises when nobody answers
            raise httpx.ConnectError(str(error)) from error


def key_headers(server: VectorServer) -> dict[str, str]:
    """The headers that enter the server."""
    return {KEY_HEADER: server.api_key.get_secret_value()} if server.api_key else {}


def _says_it_all(error: Exception) -> bool:
    """Whether it is the bare exception that the client makes of a reply it does not know: of a proxy, say."""
    return type(error) is Exception
