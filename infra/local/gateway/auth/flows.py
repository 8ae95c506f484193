"""Sign-ins with a code challenge (PKCE, RFC 7636): who began one gets a code, and its verifier makes it a session."""

import base64
import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass
from typing import Any

from infra.local.gateway.auth.errors import AuthError, invalid
from infra.local.gateway.transaction import Transaction

LIFETIME = 300  # seconds between code and exchange
CHALLENGE = re.compile(r"[A-Za-z0-9._~-]+")
CHALLENGE_LENGTHS = range(43, 129)
METHODS = ("s256", "plain")
#: How a sign-in by mail is called in a session's claims, where it is not called as its mail.
METHOD_OF = {"signup": "email/signup"}


@dataclass(frozen=True, slots=True)
class Challenge:
    """What the verifier must match."""

    method: str
    value: str


def challenge_of(body: dict[str, Any]) -> Challenge | None:
    """Return the challenge in a request, None if there is none; raises AuthError."""
    value, method = body.get("code_challenge") or "", body.get("code_challenge_method") or ""
    if not isinstance(value, str) or not isinstance(method, str) or bool(value) != bool(method):
        raise invalid("PKCE flow requires code_challenge_method and code_challenge")
    if not value:
        return None
    if len(value) not in CHALLENGE_LENGTHS:
        raise invalid("code challenge has to be between 43 and 128 characters")
    if not CHALLENGE.fullmatch(value):
        raise invalid(
            "code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes"
        )
    if method.lower() not in METHODS:
        raise invalid(f"unsupported code_challenge method {method!r}")
    return Challenge(method.lower(), value)


async def begin(work: Transaction, user_id: str, method: str, challenge: Challenge) -> None:
    """Remember a challenge for when the person follows the link of the mail."""
    await work.rows(
        "insert into auth.flow_state (id, user_id, auth_code, code_challenge_method, code_challenge, provider_type,"
        " authentication_method, created_at, updated_at)"
        " values (gen_random_uuid(), $1, $2, $3, $4, $5, $5, now(), now())",
        user_id,
        str(uuid.uuid4()),
        challenge.method,
        challenge.value,
        method,
    )


async def code_for(work: Transaction, user_id: str, method: str) -> str:
    """Return the code for the person's latest challenge; raises AuthError if there is none."""
    code: str | None = await work.row(
        "update auth.flow_state set auth_code_issued_at = now(), updated_at = now() where id = (select id"
        " from auth.flow_state where user_id = $1 and authentication_method = $2 order by created_at desc limit 1)"
        " returning to_json(auth_code)",
        user_id,
        method,
    )
    if code is None:
        raise AuthError(422, "flow_state_not_found", "No valid flow state found for user.")
    return code


async def exchange(work: Transaction, code: object, verifier: object) -> tuple[str, str]:
    """Use up a code; return the person's id and how they authenticated. Raises AuthError."""
    if not (isinstance(code, str) and code and isinstance(verifier, str) and verifier):
        raise invalid("invalid request: both auth code and code verifier should be non-empty")
    found = await work.row(
        "delete from auth.flow_state where auth_code = $1 returning json_build_object('user', user_id,"
        " 'method', authentication_method, 'challenge_method', code_challenge_method, 'challenge', code_challenge,"
        " 'fresh', coalesce(auth_code_issued_at, created_at) > now() - $2 * interval '1 second')",
        code,
        LIFETIME,
    )
    if found is None or found["user"] is None:
        raise AuthError(404, "flow_state_not_found", "invalid flow state, no valid flow state found")
    if not found["fresh"]:
        raise AuthError(403, "flow_state_expired", "invalid flow state, flow state has expired")
    if not _matches(verifier, found["challenge_method"], found["challenge"]):
        raise AuthError(400, "bad_code_verifier", "code challenge does not match previously saved code verifier")
    return found["user"], found["method"]


def _matches(verifier: str, method: str, challenge: str) -> bool:
    if method == "s256":
        digest = hashlib.sha256(verifier.encode()).digest()
        verifier = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return hmac.compare_digest(verifier.encode(), challenge.encode())
