"""Who may hear and speak on a private channel: asked of the policies on ``realtime.messages``, as hosted Realtime does.

Reading is tried on probe rows, writing by inserting one; both in a transaction that is rolled back.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

import psycopg

from infra.local.gateway.realtime import jsontext
from infra.local.gateway.realtime.sessions import Connection, DatabaseUnreachableError, Sessions
from infra.local.gateway.realtime.tokens import Claims

Extension = Literal["broadcast", "presence"]
Ask = Callable[[Connection], Awaitable[set[Extension]]]
ROLE_CACHE_SECONDS = 60.0

_BYPASSES = "select coalesce(bool_or(rolbypassrls or rolsuper), false) from pg_catalog.pg_roles where rolname = %s"
_PROBE = "insert into realtime.messages (id, topic, extension, private) values (%s, %s, %s, true)"
_VISIBLE = "select id from realtime.messages where id = any(%s)"
_WRITE = "insert into realtime.messages (topic, extension, private) values (%s, %s, true)"
_ACT_AS = """
select set_config('realtime.topic', %s, true), set_config('request.jwt.claims', %s, true),
       set_config('request.jwt.claim.sub', %s, true), set_config('request.jwt.claim.role', %s, true),
       set_config('request.jwt.claim.email', %s, true), set_config('request.headers', %s, true),
       set_config('role', %s, true)
"""


class AuthorizationError(Exception):
    """The policies refused (``refused``) or could not be asked; ``str()`` is the reason for the client."""

    def __init__(self, reason: str, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


@dataclass(frozen=True)
class Asker:
    """Who asks: the claims of a token and the headers of its request, names in lower case."""

    claims: Claims
    headers: Mapping[str, str]

    @property
    def role(self) -> str:
        """Return the database role that policies are evaluated as."""
        return str(self.claims["role"])


class Authorizer:
    """Asks the policies. Roles that bypass row level security are remembered, so that they cost nothing."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._bypassing: dict[str, tuple[float, bool]] = {}

    async def readable(self, asker: Asker, subtopic: str, extensions: tuple[Extension, ...]) -> set[Extension]:
        """Return which of the extensions ``asker`` may hear on the topic. Raises AuthorizationError."""
        return await self._asked(asker, set(extensions), lambda session: _read(session, asker, subtopic, extensions))

    async def writable(self, asker: Asker, subtopic: str, extension: Extension) -> bool:
        """Tell whether ``asker`` may send on the topic. Raises AuthorizationError."""
        return bool(await self._asked(asker, {extension}, lambda session: _write(session, asker, subtopic, extension)))

    async def _asked(self, asker: Asker, everything: set[Extension], ask: Ask) -> set[Extension]:
        try:
            if await self._bypasses(asker.role):
                return everything
            return await self._sessions.run(ask)
        except DatabaseUnreachableError:
            raise AuthorizationError(
                "UnableToConnectToProject: Realtime was unable to connect to the project database"
            ) from None
        except psycopg.errors.QueryCanceled as error:
            raise AuthorizationError(f"QueryCanceled: {_text(error)}") from None
        except psycopg.errors.CheckViolation:
            raise AuthorizationError(
                "MissingPartition: Realtime was unable to find the expected messages partition"
            ) from None
        except psycopg.Error as error:
            raise AuthorizationError(f"Unauthorized: {_text(error)}", refused=True) from None

    async def _bypasses(self, role: str) -> bool:
        expires, bypasses = self._bypassing.get(role, (0.0, False))
        if time.monotonic() < expires:
            return bypasses
        bypasses = await self._sessions.run(lambda session: _bypasses(session, role))
        self._bypassing[role] = (time.monotonic() + ROLE_CACHE_SECONDS, bypasses)
        return bypasses


async def _bypasses(session: Connection, role: str) -> bool:
    row = await (await session.execute(_BYPASSES, [role])).fetchone()
    return bool(row and row[0])


async def _read(session: Connection, asker: Asker, subtopic: str, extensions: tuple[Extension, ...]) -> set[Extension]:
    probes = {uuid4(): extension for extension in extensions}
    async with session.transaction(force_rollback=True):
        for probe, extension in probes.items():
            await session.execute(_PROBE, [probe, subtopic, extension])
        await session.execute(_ACT_AS, _identity(asker, subtopic))
        rows = await (await session.execute(_VISIBLE, [list(probes)])).fetchall()
    return {probes[row[0]] for row in rows}


async def _write(session: Connection, asker: Asker, subtopic: str, extension: Extension) -> set[Extension]:
    try:
        async with session.pipeline():  # one round trip: a sender over HTTP is asked about at each broadcast
            await session.execute("begin")
            await session.execute(_ACT_AS, _identity(asker, subtopic))
            await session.execute(_WRITE, [subtopic, extension])
            await session.execute("rollback")
    except psycopg.errors.InsufficientPrivilege:
        await session.rollback()
        return set()
    return {extension}


def _identity(asker: Asker, subtopic: str) -> list[str]:
    claims = asker.claims
    return [
        subtopic,
        jsontext.dumps(claims).decode(),
        str(claims.get("sub") or ""),
        asker.role,
        str(claims.get("email") or ""),
        jsontext.dumps(dict(asker.headers)).decode(),
        asker.role,
    ]


def _text(error: psycopg.Error) -> str:
    return error.diag.message_primary or str(error)
