"""Sessions: access tokens, and refresh tokens that are used once.

A refresh token is revoked when it is exchanged. Shown again, it is taken for a lost answer if its successor is still
unused or it was exchanged within the reuse interval; otherwise as stolen, and the session's tokens are all revoked.
"""

import secrets
import string
import time
import uuid
from typing import Any

from infra.local.gateway.auth.errors import AuthError
from infra.local.gateway.auth.users import AUDIENCE, User, by_id, shown
from infra.local.gateway.keys import Keyring
from infra.local.gateway.transaction import Transaction

LIFETIME = 3600  # seconds an access token is good for
REUSE_INTERVAL = 10  # seconds in which an exchanged refresh token may be shown again
TOKEN_LENGTH = 12
ALPHABET = string.ascii_lowercase + string.digits


class Sessions:
    """Issues tokens in the name of ``issuer``, the address of Auth."""

    def __init__(self, keyring: Keyring, issuer: str) -> None:
        self._keyring, self._issuer = keyring, issuer

    async def begin(self, work: Transaction, user: User, method: str, agent: str | None, address: str | None) -> User:
        """Start a session after authentication by ``method`` and return the answer with its tokens."""
        session = str(uuid.uuid4())
        await work.rows(
            "insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip)"
            " values ($1, $2, now(), now(), 'aal1', $3, $4)",
            session,
            user["id"],
            agent,
            address,
        )
        await self._note_method(work, session, method)
        await work.rows("update auth.users set last_sign_in_at = now(), updated_at = now() where id = $1", user["id"])
        token = await self._issue(work, user["id"], session, None)
        return await self._answer(work, user["id"], session, token)

    async def strengthen(self, work: Transaction, user_id: str, session: str, factor: str, method: str) -> User:
        """Raise a session to the second level after a second factor was shown; its older tokens are worthless."""
        await self._note_method(work, session, method)
        await work.rows(
            "update auth.sessions set aal = 'aal2', factor_id = $2, updated_at = now() where id = $1", session, factor
        )
        parent = await work.row(
            "update auth.refresh_tokens set revoked = true, updated_at = now() where session_id = $1 and not revoked"
            " returning to_json(token)",
            session,
        )
        return await self._answer(work, user_id, session, await self._issue(work, user_id, session, parent))

    async def refresh(self, work: Transaction, presented: str) -> User | AuthError:
        """Exchange a refresh token; return the answer, or the error to raise after the transaction has committed."""
        found = await work.row(
            "select json_build_object('session', t.session_id, 'user', t.user_id) from auth.refresh_tokens t"
            " where t.token = $1",
            presented,
        )
        if found is None or not await self._lock(work, found["session"]):
            return AuthError(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
        user = await by_id(work, found["user"])
        if user is None or user["banned"]:
            return AuthError(400, "user_banned", "Invalid Refresh Token: User Banned")
        token = await self._successor(work, presented, found)
        if token is None:
            await work.rows(
                "update auth.refresh_tokens set revoked = true, updated_at = now()"
                " where session_id = $1 and not revoked",
                found["session"],
            )
            return AuthError(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")
        await work.rows(
            "update auth.sessions set refreshed_at = now() at time zone 'utc', updated_at = now() where id = $1",
            found["session"],
        )
        return await self._answer(work, user["id"], found["session"], token)

    async def end(self, work: Transaction, user_id: str, session: str | None, scope: str) -> None:
        """End sessions of a person: ``global`` all, ``local`` this one, ``others`` all but this one."""
        if scope == "global":
            await work.rows("delete from auth.sessions where user_id = $1", user_id)
        elif scope == "local":
            await work.rows("delete from auth.sessions where user_id = $1 and id = $2", user_id, session)
        else:
            await work.rows(
                "delete from auth.sessions where user_id = $1 and id is distinct from $2::uuid", user_id, session
            )

    async def _note_method(self, work: Transaction, session: str, method: str) -> None:
        await work.rows(
            "insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)"
            " values (gen_random_uuid(), $1, now(), now(), $2)"
            " on conflict (session_id, authentication_method) do update set updated_at = now()",
            session,
            method,
        )

    async def _lock(self, work: Transaction, session: str) -> bool:
        """Let one exchange at a time look at the session; tell whether it goes on."""
        return bool(await work.row("select to_json(true) from auth.sessions where id = $1 for update", session))

    async def _successor(self, work: Transaction, presented: str, found: dict[str, Any]) -> str | None:
        """Return the token to answer with, None if ``presented`` was used too long ago."""
        state = await work.row(
            "select json_build_object('revoked', t.revoked, 'forgiven', t.updated_at > now() - $2 * interval '1 second'"
            " and exists (select from auth.refresh_tokens a where a.session_id = t.session_id and not a.revoked),"
            " 'heir', (select n.token from auth.refresh_tokens n where n.parent = t.token and not n.revoked"
            "           order by n.id desc limit 1))"
            " from auth.refresh_tokens t where t.token = $1",
            presented,
            REUSE_INTERVAL,
        )
        if state["revoked"] and state["heir"]:
            heir: str = state["heir"]
            return heir
        if state["revoked"] and not state["forgiven"]:
            return None
        await work.rows(
            "update auth.refresh_tokens set revoked = true, updated_at = now() where token = $1 and not revoked",
            presented,
        )
        return await self._issue(work, found["user"], found["session"], presented)

    async def _issue(self, work: Transaction, user_id: str, session: str, parent: str | None) -> str:
        token = "".join(secrets.choice(ALPHABET) for _ in range(TOKEN_LENGTH))
        await work.rows(
            "insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent,"
            " session_id) values ('00000000-0000-0000-0000-000000000000', $1, $2, false, now(), now(), $3, $4)",
            token,
            user_id,
            parent,
            session,
        )
        return token

    async def _answer(self, work: Transaction, user_id: str, session: str, refresh_token: str) -> User:
        """Return what a client gets when a session begins or goes on."""
        user = await by_id(work, user_id)
        if user is None:
            raise AuthError(404, "user_not_found", "User not found")
        methods = await work.rows(
            "select json_build_object('method', authentication_method,"
            " 'timestamp', extract(epoch from updated_at)::int)"
            " from auth.mfa_amr_claims where session_id = $1 order by updated_at desc",
            session,
        )
        level = await work.row("select to_json(aal) from auth.sessions where id = $1", session)
        now = int(time.time())
        claims = {**self._claims(user, session, methods, now), "aal": level}
        return {
            "access_token": self._keyring.sign_for_person(claims),
            "token_type": "bearer",
            "expires_in": LIFETIME,
            "expires_at": now + LIFETIME,
            "refresh_token": refresh_token,
            "user": shown(user),
        }

    def _claims(self, user: User, session: str, methods: list[Any], now: int) -> dict[str, Any]:
        return {
            "iss": self._issuer,
            "sub": user["id"],
            "aud": user["aud"] or AUDIENCE,
            "exp": now + LIFETIME,
            "iat": now,
            "email": user["email"],
            "phone": user["phone"],
            "app_metadata": user["app_metadata"],
            "user_metadata": user["user_metadata"],
            "role": user["role"] or AUDIENCE,
            "amr": methods,
            "session_id": session,
            "is_anonymous": user["is_anonymous"],
        }
