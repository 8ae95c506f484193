"""Rivulet's functions over a direct connection to the database, for comparison with the Data API."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from functions.effects.supabase import Supabase
from schema.jobs import Beat, Claim
from schema.settings import Settings


class DirectSupabase(Supabase):
    """Calls functions through a pool of connections instead of HTTP."""

    def __init__(self, settings: Settings, pool: AsyncConnectionPool) -> None:
        super().__init__(settings)
        self._pool = pool

    async def call(self, function: str, **arguments: Any) -> Any:
        """The result of a database function."""
        statement = sql.SQL("select public.{}({})").format(
            sql.Identifier(function),
            sql.SQL(", ").join(
                sql.SQL("{} => {}").format(sql.Identifier(f"p_{name}"), sql.Placeholder()) for name in arguments
            ),
        )
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement, [_plain(value) for value in arguments.values()])
            [[result]] = await cursor.fetchall()
            return result


class DirectBeats:
    """Implements `Beats`."""

    def __init__(self, dsn: str) -> None:
        self._connection = psycopg.connect(dsn, autocommit=True)

    def beat(self, claims: Sequence[Claim]) -> Mapping[int, Beat]:
        """Renew the leases."""
        names = json.dumps([{"id": claim.id, "fence": claim.fence} for claim in claims])
        [[reply]] = self._connection.execute("select public.heartbeat_jobs_v1(%s)", [names]).fetchall()
        return {each["id"]: Beat(each["status"]) for each in reply}


def _plain(value: Any) -> Any:
    """Objects, alone or in a list, are JSON; other lists are arrays."""
    is_json = isinstance(value, dict) or (isinstance(value, list) and any(isinstance(each, dict) for each in value))
    return json.dumps(value) if is_json else value
