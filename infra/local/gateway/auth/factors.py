"""Second factors: authenticator apps, enrolled, challenged, verified and removed. Others are refused as disabled."""

import time
import uuid
from typing import Any
from urllib.parse import urlsplit

from infra.local.gateway.auth import totp, users
from infra.local.gateway.auth.errors import AuthError, invalid
from infra.local.gateway.auth.rate_limit import RateLimit
from infra.local.gateway.auth.requests import AuthRequest, Gatekeeper, Reply
from infra.local.gateway.auth.sessions import Sessions
from infra.local.gateway.pools import Pool
from infra.local.gateway.transaction import Transaction, transaction

FACTORS_MAX = 10  # of one person
CHALLENGE_SECONDS = 300
SELECT = (
    "select json_strip_nulls(json_build_object('id', f.id, 'user_id', f.user_id, 'friendly_name', f.friendly_name,"
    " 'factor_type', f.factor_type, 'status', f.status, 'secret', f.secret, 'created_at', f.created_at,"
    " 'updated_at', f.updated_at)) from auth.mfa_factors f where f.user_id = $1"
)
DISABLED = {
    "phone": ("mfa_phone_enroll_not_enabled", "Phone"),
    "webauthn": ("mfa_webauthn_enroll_not_enabled", "WebAuthn"),
}


class Factors:
    """The endpoints below ``/factors`` and ``/admin/users/ID/factors``."""

    def __init__(self, pool: Pool, sessions: Sessions, gatekeeper: Gatekeeper, limit: RateLimit, site_url: str) -> None:
        self._pool, self._sessions, self._gatekeeper, self._limit = pool, sessions, gatekeeper, limit
        self._issuer = urlsplit(site_url).netloc

    async def enroll(self, request: AuthRequest) -> Reply:
        """``POST /factors``: a new secret for an authenticator app; it counts once a code of it was verified."""
        body = request.document()
        name, issuer = _text(body, "friendly_name"), _text(body, "issuer") or self._issuer
        _check_type(body.get("factor_type"))
        async with transaction(self._pool) as work:
            user, claims = await self._gatekeeper.need_user(work, request)
            await _check_may_enroll(work, user["id"], name, claims)
            secret, factor = totp.new_secret(), str(uuid.uuid4())
            await work.rows(
                "insert into auth.mfa_factors (id, user_id, friendly_name, factor_type, status, secret, created_at,"
                " updated_at) values ($1, $2, $3, 'totp', 'unverified', $4, now(), now())",
                factor,
                user["id"],
                name,
                secret,
            )
        uri = totp.address(secret, issuer, user["email"] or user["id"])
        shown = {"qr_code": totp.picture(uri), "secret": secret, "uri": uri}
        return Reply({"id": factor, "type": "totp", "friendly_name": name, "totp": shown})

    async def challenge(self, request: AuthRequest) -> Reply:
        """``POST /factors/ID/challenge``: ask for a code."""
        async with transaction(self._pool) as work:
            user, _ = await self._gatekeeper.need_user(work, request)
            factor = await _need(work, user["id"], request.path["factor_id"])
            challenge = str(uuid.uuid4())
            await work.rows(
                "insert into auth.mfa_challenges (id, factor_id, created_at, ip_address) values ($1, $2, now(), $3)",
                challenge,
                factor["id"],
                request.address or "127.0.0.1",
            )
            await work.rows(
                "update auth.mfa_factors set last_challenged_at = clock_timestamp() where id = $1", factor["id"]
            )
        return Reply({"id": challenge, "type": "totp", "expires_at": int(time.time()) + CHALLENGE_SECONDS})

    async def verify(self, request: AuthRequest) -> Reply:
        """``POST /factors/ID/verify``: show the code; the session rises to the second level, weaker ones end."""
        self._limit.take(request.address or "")
        body = request.document()
        code, challenge = _text(body, "code"), _id(body.get("challenge_id"))
        async with transaction(self._pool) as work:
            user, claims = await self._gatekeeper.need_user(work, request)
            session = _session(claims)
            factor = await _need(work, user["id"], request.path["factor_id"])
            await _use_challenge(work, factor["id"], challenge, request.address or "127.0.0.1")
            if not totp.matches(factor["secret"], code, time.time()):
                raise AuthError(422, "mfa_verification_failed", "Invalid TOTP code entered")
            await work.rows(
                "update auth.mfa_factors set status = 'verified', updated_at = now() where id = $1", factor["id"]
            )
            answer = await self._sessions.strengthen(work, user["id"], session, factor["id"], "totp")
            await work.rows("delete from auth.sessions where user_id = $1 and aal = 'aal1'", user["id"])
            await work.rows("delete from auth.mfa_factors where user_id = $1 and status = 'unverified'", user["id"])
        return Reply(answer)

    async def remove(self, request: AuthRequest) -> Reply:
        """``DELETE /factors/ID``: remove a factor; a verified one only at the second level."""
        async with transaction(self._pool) as work:
            user, claims = await self._gatekeeper.need_user(work, request)
            factor = await _need(work, user["id"], request.path["factor_id"])
            if factor["status"] == "verified" and claims.get("aal") != "aal2":
                raise AuthError(422, "insufficient_aal", "AAL2 required to unenroll verified factor")
            await _remove(work, factor)
        return Reply({"id": factor["id"]})

    async def list_of(self, request: AuthRequest) -> Reply:
        """``GET /admin/users/ID/factors``: a person's factors."""
        self._gatekeeper.need_admin(request)
        async with transaction(self._pool) as work:
            user = await users.need(work, _id(request.path["user_id"]))
            found = await work.rows(f"{SELECT} order by f.created_at", user["id"])
        return Reply([_shown(factor) for factor in found])

    async def remove_of(self, request: AuthRequest) -> Reply:
        """``DELETE /admin/users/ID/factors/ID``: remove one of a person's factors."""
        self._gatekeeper.need_admin(request)
        async with transaction(self._pool) as work:
            user = await users.need(work, _id(request.path["user_id"]))
            factor = await _need(work, user["id"], request.path["factor_id"])
            await _remove(work, factor)
        return Reply(_shown(factor))


async def _check_may_enroll(work: Transaction, user_id: str, name: str, claims: dict[str, Any]) -> None:
    known = await work.rows(SELECT, user_id)
    if len(known) >= FACTORS_MAX:
        raise AuthError(422, "too_many_enrolled_mfa_factors", "Maximum number of factors reached, unenroll to continue")
    if any(factor["status"] == "verified" for factor in known) and claims.get("aal") != "aal2":
        raise AuthError(403, "insufficient_aal", "AAL2 required to enroll a new factor")
    if name.strip() and any(factor.get("friendly_name") == name for factor in known):
        message = f'A factor with the friendly name "{name}" for this user already exists'
        raise AuthError(422, "mfa_factor_name_conflict", message)


async def _need(work: Transaction, user_id: str, factor_id: object) -> dict[str, Any]:
    found: dict[str, Any] | None = await work.row(f"{SELECT} and f.id = $2", user_id, _id(factor_id))
    if found is None:
        raise AuthError(404, "mfa_factor_not_found", "Factor not found")
    return found


async def _use_challenge(work: Transaction, factor_id: str, challenge: str, address: str) -> None:
    """Take the challenge as answered; raises AuthError unless it was asked here, lately, and once."""
    found = await work.row(
        "update auth.mfa_challenges set verified_at = now() where id = $1 and factor_id = $2 and verified_at is null"
        " returning json_build_object('fresh', created_at > now() - $3 * interval '1 second',"
        " 'same_place', ip_address = $4::inet)",
        challenge,
        factor_id,
        CHALLENGE_SECONDS,
        address,
    )
    if found is None:
        raise AuthError(422, "mfa_factor_not_found", "MFA factor with the provided challenge ID not found")
    if not found["same_place"]:
        raise AuthError(422, "mfa_ip_address_mismatch", "Challenge and verify IP addresses mismatch.")
    if not found["fresh"]:
        message = f"MFA challenge {challenge} has expired, verify against another challenge or create a new challenge."
        raise AuthError(422, "mfa_challenge_expired", message)


async def _remove(work: Transaction, factor: dict[str, Any]) -> None:
    """Remove a factor; sessions that it had raised fall back to the first level."""
    await work.rows("delete from auth.mfa_factors where id = $1", factor["id"])
    await work.rows(
        "update auth.sessions set aal = 'aal1', factor_id = null, updated_at = now() where factor_id = $1", factor["id"]
    )


def _session(claims: dict[str, Any]) -> str:
    """Return the session of a token; raises AuthError for a token that belongs to none."""
    if not claims.get("session_id"):
        raise AuthError(403, "session_not_found", "The token belongs to no session")
    return str(claims["session_id"])


def _check_type(kind: object) -> None:
    if isinstance(kind, str) and kind in DISABLED:
        code, label = DISABLED[kind]
        raise AuthError(422, code, f"MFA enroll is disabled for {label}")
    if kind != "totp":
        raise invalid("factor_type needs to be totp, phone, or webauthn")


def _shown(factor: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in factor.items() if name not in ("secret", "user_id")}


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name) or ""
    if not isinstance(value, str) or len(value) > 255:
        raise invalid(f"{name} must be a string of at most 255 characters")
    return value


def _id(value: object) -> str:
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        raise AuthError(404, "validation_failed", "id must be an UUID") from None
