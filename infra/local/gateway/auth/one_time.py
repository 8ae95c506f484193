"""Codes and links sent by mail: each is good once, for an hour, for one purpose of one person.

The code is short, for people to type; the hash of it with the address goes into the link. Only the hash is stored.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any, Literal

from infra.local.gateway.transaction import Transaction

Purpose = Literal[
    "confirmation_token",
    "recovery_token",
    "email_change_token_new",
    "email_change_token_current",
    "reauthentication_token",
]
CODE_DIGITS = 6
LIFETIME = 3600  # seconds
PKCE_PREFIX = "pkce_"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What one mail carries: the code, and the hash for its link."""

    code: str
    hash: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A ticket that was shown and is now used up; ``fresh`` unless it came too late."""

    user_id: str
    purpose: Purpose
    fresh: bool


def hash_of(address: str, code: str) -> str:
    """Return what a link carries in place of ``code``, as GoTrue computes it."""
    return hashlib.sha224(f"{address}{code}".encode()).hexdigest()


async def issue(work: Transaction, user_id: str, purpose: Purpose, address: str, pkce: bool) -> Ticket:
    """Store a new ticket, which takes the place of an older one for the same purpose."""
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    ticket = Ticket(code, (PKCE_PREFIX if pkce else "") + hash_of(address, code))
    await work.rows(
        "insert into auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to)"
        " values (gen_random_uuid(), $1, $2, $3, $4)"
        " on conflict (user_id, token_type) do update set token_hash = excluded.token_hash,"
        " relates_to = excluded.relates_to, created_at = now(), updated_at = now()",
        user_id,
        purpose,
        ticket.hash,
        address,
    )
    return ticket


async def take(work: Transaction, hashes: list[str], purposes: tuple[Purpose, ...]) -> Taken | None:
    """Use up the ticket that has one of ``hashes`` and one of ``purposes``; None if there is none."""
    found: dict[str, Any] | None = await work.row(
        "delete from auth.one_time_tokens where token_hash in (select json_array_elements_text($1))"
        " and token_type::text in (select json_array_elements_text($2))"
        " returning json_build_object('user', user_id, 'purpose', token_type,"
        " 'fresh', created_at > localtimestamp - $3 * interval '1 second')",
        hashes,
        list(purposes),
        LIFETIME,
    )
    return None if found is None else Taken(found["user"], found["purpose"], found["fresh"])


async def forget(work: Transaction, user_id: str, *purposes: Purpose) -> None:
    """Make a person's tickets for ``purposes`` worthless."""
    await work.rows(
        "delete from auth.one_time_tokens where user_id = $1"
        " and token_type::text in (select json_array_elements_text($2))",
        user_id,
        list(purposes),
    )


async def seconds_since(work: Transaction, user_id: str, purpose: Purpose) -> float | None:
    """Return how long ago a person's latest ticket for ``purpose`` was issued, None if there is none."""
    found: float | None = await work.row(
        "select to_json(extract(epoch from localtimestamp - created_at)) from auth.one_time_tokens"
        " where user_id = $1 and token_type::text = $2",
        user_id,
        purpose,
    )
    return found
