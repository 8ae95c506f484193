"""The gateway's application: every service behind one door."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from infra.local.gateway.auth.routes import Behaviour, auth_routes
from infra.local.gateway.data_api.routes import DataApi
from infra.local.gateway.data_api.schema_cache import SchemaCache
from infra.local.gateway.edge import Edge
from infra.local.gateway.functions import Functions
from infra.local.gateway.keys import Keyring
from infra.local.gateway.mailbox import mailbox_routes
from infra.local.gateway.pools import Pool, PoolExhaustedError
from infra.local.gateway.realtime import Realtime
from infra.local.gateway.settings import GatewaySettings
from infra.local.gateway.storage.disk import Disk
from infra.local.gateway.storage.routes import storage_routes
from infra.local.gateway.webhooks import Webhooks
from infra.local.gateway.wire import DatabaseError, DatabaseLostError, Statement

DATA_CONNECTIONS = 10
AUTH_CONNECTIONS = 5
STORAGE_CONNECTIONS = 5
WEBHOOK_CONNECTIONS = 2


class Gateway:
    """The services of one process and the connections they stand on."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.keyring = Keyring(settings.jwt_secret, settings.publishable_key, settings.secret_key)
        self._data_pool = Pool(settings.authenticator_dsn, DATA_CONNECTIONS)
        self._auth_pool = Pool(settings.auth_dsn, AUTH_CONNECTIONS)
        self._storage_pool = Pool(settings.storage_dsn, STORAGE_CONNECTIONS)
        self._disk = Disk(settings.storage_dir)
        self._cache = SchemaCache(settings.authenticator_dsn, self._data_pool)
        self._data_api = DataApi(self._data_pool, self._cache, self.keyring, settings.max_rows)
        self._auth = auth_routes(self._auth_pool, self.keyring, _auth_behaviour(settings))
        self._storage = storage_routes(self._storage_pool, self._disk, self.keyring, settings.file_size_limit)
        self._functions = Functions(settings.function_addresses, self.keyring)
        self._realtime = Realtime(settings.admin_dsn, self.keyring)
        self._webhook_pool = Pool(settings.admin_dsn, WEBHOOK_CONNECTIONS)
        self._webhooks = Webhooks(settings.admin_dsn, self._webhook_pool)

    def routes(self) -> list[BaseRoute]:
        """Return every service's routes."""
        return [
            Route("/healthz", self._health, methods=["GET"]),
            Mount("/rest/v1", self._data_api),
            Mount("/auth/v1", routes=self._auth),
            Mount("/functions/v1", self._functions),
            Mount("/mail", routes=mailbox_routes(self._auth_pool)),
            Mount("/storage/v1", routes=self._storage),
            *self._realtime.routes(),
        ]

    @asynccontextmanager
    async def running(self, _: Starlette) -> AsyncIterator[None]:
        """Keep the services running for as long as the application serves."""
        self._disk.prepare()
        self._cache.start()
        self._webhooks.start()
        await self._realtime.start()
        try:
            yield
        finally:
            await self._realtime.stop()
            await self._webhooks.stop()
            await self._functions.stop()
            await self._cache.stop()
            for pool in (self._data_pool, self._auth_pool, self._storage_pool, self._webhook_pool):
                pool.close()

    async def _health(self, _: Request) -> Response:
        """Answer 200 when the database answers."""
        try:
            async with self._data_pool.wire() as wire:
                await wire.run(Statement("select 1"))
        except (DatabaseLostError, DatabaseError, PoolExhaustedError) as error:
            return JSONResponse({"status": "unavailable", "message": str(error)}, status_code=503)
        return JSONResponse({"status": "ok"})


def create_app(settings: GatewaySettings) -> Starlette:
    """Return the gateway as an ASGI application; its lifespan starts and stops everything."""
    gateway = Gateway(settings)
    return Starlette(
        routes=gateway.routes(),
        lifespan=gateway.running,
        middleware=[Middleware(Edge, keyring=gateway.keyring)],
        exception_handlers={404: _not_found},
    )


def _auth_behaviour(settings: GatewaySettings) -> Behaviour:
    issuer = f"{settings.public_url}/auth/v1"
    return Behaviour(issuer, settings.site_url, settings.confirm_email, settings.sign_in_limit, settings.mail_limit)


async def _not_found(_: Request, __: Exception) -> Response:
    return JSONResponse({"error": "requested path is invalid"}, status_code=404)
