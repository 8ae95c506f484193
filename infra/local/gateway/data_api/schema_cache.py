"""Keeps the picture of the database fresh: drawn at start, again on ``NOTIFY pgrst`` and when a name is not known."""

import asyncio
import contextlib
import logging
import time
from pathlib import Path

import orjson

from infra.local.gateway.data_api.picture import read_picture
from infra.local.gateway.data_api.render import array_literal
from infra.local.gateway.data_api.schema import Picture
from infra.local.gateway.pools import Pool, PoolExhaustedError
from infra.local.gateway.wire import DatabaseError, DatabaseLostError, Statement, Wire

logger = logging.getLogger(__name__)

EXPOSED = ("public", "graphql_public")
#: What the role authenticator was told with ``alter role authenticator set pgrst.…``; for this database wins.
CONFIG_SQL = """
select coalesce(json_object_agg(split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1)
                                order by setdatabase), '{}')
  from pg_db_role_setting s, unnest(setconfig) setting
 where setrole = 'authenticator'::regrole and setting like 'pgrst.%'
   and setdatabase in (0, (select oid from pg_database where datname = current_database()))"""
CATALOG_SQL = (Path(__file__).with_name("catalog.sql")).read_text()
SETTLE_SECONDS = 0.05  # a migration's many notifications cause one reload
MISS_PAUSE = 0.1  # seconds between reloads caused by names that do not exist
RETRY_SECONDS = (0.25, 5.0)  # first and longest pause before the notifications are listened to again


class SchemaCache:
    """The current picture. ``start`` begins to listen for changes, ``stop`` ends it."""

    def __init__(self, dsn: str, pool: Pool) -> None:
        self._dsn, self._pool = dsn, pool
        self._picture: Picture | None = None
        self._drawn_at = 0.0
        self._lock = asyncio.Lock()
        self._listener: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen for ``NOTIFY pgrst``."""
        self._listener = asyncio.create_task(self._listen_always(), name="schema cache")

    async def stop(self) -> None:
        """Stop listening."""
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener

    async def picture(self) -> Picture:
        """Return the picture, drawing it first if there is none yet. Raises DatabaseLostError."""
        return self._picture or await self.reload(since=time.monotonic())

    async def reload_after_miss(self) -> Picture:
        """Return a newer picture after a name was not found; wrong names cannot cause many reloads."""
        missed = time.monotonic()
        await asyncio.sleep(max(0.0, self._drawn_at + MISS_PAUSE - missed))
        return await self.reload(since=missed)

    async def reload(self, since: float) -> Picture:
        """Return a picture drawn after the monotonic time ``since``; requests that wait for one share it."""
        async with self._lock:
            if self._picture is None or self._drawn_at < since:
                self._drawn_at = time.monotonic()
                self._picture = await self._draw()
                self._pool.renew()  # prepared statements may have been planned for other types
            return self._picture

    async def _draw(self) -> Picture:
        no_path = Statement("select pg_catalog.set_config('search_path', '', true)")
        async with self._pool.wire() as wire:
            config = orjson.loads((await wire.run(Statement(CONFIG_SQL)))[0].get_value(0, 0) or b"{}")
            exposed = _exposed(config.get("pgrst.db_schemas", ""))
            results = await wire.run(no_path, Statement(CATALOG_SQL, (array_literal(exposed).encode(),)))
        most = str(config.get("pgrst.db_max_rows", ""))
        return read_picture(results[1].get_value(0, 0) or b"", exposed, int(most[:9]) if most.isdigit() else None)

    async def _listen_always(self) -> None:
        pause, longest = RETRY_SECONDS
        while True:
            started = time.monotonic()
            try:
                await self._listen()
            except (DatabaseLostError, DatabaseError, PoolExhaustedError) as error:
                logger.warning("schema cache: not listening for changes, trying again: %s", error)
            pause = RETRY_SECONDS[0] if time.monotonic() - started > longest else min(2 * pause, longest)
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        """Redraw after each burst of notifications; raises when the connection ends."""
        wire = await Wire.open(self._dsn)
        try:
            await wire.run(Statement("listen pgrst"))
            await self.reload(since=time.monotonic())  # changes made while nobody listened
            while True:
                await wire.notified()
                await asyncio.sleep(SETTLE_SECONDS)
                await self.reload(since=time.monotonic())
        finally:
            wire.close()


def _exposed(setting: str) -> tuple[str, ...]:
    """Return the schemas to serve: those of the setting, or hosted Supabase's."""
    return tuple(name for part in setting.split(",") if (name := part.strip().strip('"'))) or EXPOSED
