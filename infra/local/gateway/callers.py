"""Who asks and with which request, and how a transaction is told so.

The settings are those that policies and functions on hosted Supabase read: ``role``, ``request.jwt.claims`` and the
rest of ``request.*``, all local to the transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from infra.local.gateway.wire import Statement

SEARCH_PATH = b"public, extensions"


@dataclass(frozen=True, slots=True)
class Caller:
    """A request's role, claims and traits, as PostgreSQL is to see them."""

    claims: dict[str, Any]
    method: str
    path: str
    headers: dict[str, str]

    @property
    def role(self) -> str:
        """Return the database role of the claims."""
        return str(self.claims["role"])

    @property
    def subject(self) -> str | None:
        """Return the user's id, None for the anonymous and the service key."""
        subject = self.claims.get("sub")
        return subject if isinstance(subject, str) and subject else None


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return ASGI headers as a mapping with lower-case names; of a repeated one the last counts."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}


def enter(caller: Caller, statement_timeout: str | None = None, read_only: bool = False) -> Statement:
    """Return the statement that makes the transaction the caller's. It comes first in its transaction."""
    claims = caller.claims
    values: tuple[bytes | None, ...] = (
        SEARCH_PATH,
        orjson.dumps(claims),
        _text(claims.get("sub")),
        _text(claims.get("role")),
        _text(claims.get("email")),
        caller.method.encode(),
        caller.path.encode(),
        orjson.dumps(caller.headers),
        caller.role.encode(),
    )
    if statement_timeout is not None:
        values += (statement_timeout.encode(),)
    return Statement(_ENTER[(statement_timeout is not None, read_only)], values)


def _text(value: object) -> bytes:
    return value.encode() if isinstance(value, str) else b""


def _enter_sql(timed: bool, read_only: bool) -> str:
    names = [
        "search_path",
        "request.jwt.claims",
        "request.jwt.claim.sub",
        "request.jwt.claim.role",
        "request.jwt.claim.email",
        "request.method",
        "request.path",
        "request.headers",
        "role",
    ]
    if timed:
        names.append("statement_timeout")
    calls = [f"pg_catalog.set_config('{name}', ${place}, true)" for place, name in enumerate(names, start=1)]
    if read_only:
        calls.append("pg_catalog.set_config('transaction_read_only', 'on', true)")
    return "select " + ", ".join(calls)


_ENTER = {(timed, read_only): _enter_sql(timed, read_only) for timed in (False, True) for read_only in (False, True)}
