"""What people do for themselves: sign up, sign in, stay signed in, change their data, sign out."""

from typing import Any

from infra.local.gateway.auth import passwords, users
from infra.local.gateway.auth.errors import AuthError, invalid, not_supported
from infra.local.gateway.auth.rate_limit import RateLimit
from infra.local.gateway.auth.requests import AuthRequest, Gatekeeper, Reply
from infra.local.gateway.auth.sessions import Sessions
from infra.local.gateway.pools import Pool
from infra.local.gateway.transaction import Transaction, transaction

BY_EMAIL: dict[str, Any] = {"provider": "email", "providers": ["email"]}
WRONG = ("invalid_credentials", "Invalid login credentials")


class People:
    """The endpoints that need no more than an API key or a person's token."""

    def __init__(self, pool: Pool, sessions: Sessions, gatekeeper: Gatekeeper, limit: RateLimit) -> None:
        self._pool, self._sessions, self._gatekeeper, self._limit = pool, sessions, gatekeeper, limit

    async def sign_up(self, request: AuthRequest) -> Reply:
        """``POST /signup``: add a person with address and password, or an anonymous one, and sign them in."""
        self._limit.take(request.address or "")
        body = request.document()
        metadata = users.metadata_of(body.get("data"), "data")
        if body.get("phone"):
            raise not_supported("Signing up with a phone number")
        if not body.get("email") and not body.get("password"):
            return await self._sign_up_anonymous(request, metadata)
        password = _password(body, "Signup requires a valid password")
        email = users.clean_email(body.get("email"))
        passwords.check_strength(password)
        hashed = await passwords.hashed(password)
        async with transaction(self._pool) as work:
            if await users.by_email(work, email):
                raise AuthError(422, "user_already_exists", "User already registered")
            user = await users.create(work, email, hashed, metadata, BY_EMAIL)
            return Reply(await self._begin(work, user, "password", request))

    async def token(self, request: AuthRequest) -> Reply:
        """``POST /token``: sign in with a password, or exchange a refresh token."""
        grant = request.query.get("grant_type", "")
        if grant == "password":
            return await self._sign_in(request)
        if grant == "refresh_token":
            return await self._refresh(request)
        if grant in ("pkce", "id_token", "web3"):
            raise not_supported(f"The grant type {grant}")
        raise AuthError(400, "invalid_credentials", "unsupported_grant_type")

    async def get_user(self, request: AuthRequest) -> Reply:
        """``GET /user``: the signed-in person."""
        async with transaction(self._pool) as work:
            user, _ = await self._gatekeeper.need_user(work, request)
            return Reply(users.shown(user))

    async def update_user(self, request: AuthRequest) -> Reply:
        """``PUT /user``: change address, password or metadata of the signed-in person."""
        body = request.document()
        metadata = users.metadata_of(body.get("data"), "data")
        if body.get("phone"):
            raise not_supported("A phone number")
        async with transaction(self._pool) as work:
            user, claims = await self._gatekeeper.need_user(work, request)
            if body.get("password"):
                await self._change_password(work, user, _password(body, ""), claims.get("session_id"))
            if body.get("email") and users.clean_email(body["email"]) != user["email"]:
                await users.change_email(work, user, users.clean_email(body["email"]))
                user = await users.need(work, user["id"])
            if metadata:
                changed = users.merged(user["user_metadata"], metadata)
                await users.set_columns(work, user["id"], {"raw_user_meta_data": changed})
            return Reply(users.shown(await users.need(work, user["id"])))

    async def sign_out(self, request: AuthRequest) -> Reply:
        """``POST /logout``: end this session, the others, or all."""
        scope = request.query.get("scope") or "global"
        if scope not in ("global", "local", "others"):
            raise invalid(f'Unsupported logout scope "{scope}"')
        async with transaction(self._pool) as work:
            user, claims = await self._gatekeeper.need_user(work, request)
            await self._sessions.end(work, user["id"], claims.get("session_id"), scope)
        return Reply(status=204)

    async def _sign_up_anonymous(self, request: AuthRequest, metadata: dict[str, Any]) -> Reply:
        async with transaction(self._pool) as work:
            user = await users.create(work, None, None, metadata, {})
            return Reply(await self._begin(work, user, "anonymous", request))

    async def _sign_in(self, request: AuthRequest) -> Reply:
        self._limit.take(request.address or "")
        body = request.document()
        if body.get("phone"):
            raise not_supported("Signing in with a phone number")
        if not isinstance(body.get("email"), str) or not isinstance(body.get("password"), str):
            raise invalid("missing email or phone")
        async with transaction(self._pool) as work:
            user = await users.by_email(work, body["email"].strip().lower())
        # No connection is held while the hash is computed.
        if not await passwords.matches(body["password"], user["encrypted_password"] if user else None) or user is None:
            raise AuthError(400, *WRONG)
        if user["banned"]:
            raise AuthError(400, "user_banned", "User is banned")
        if not user.get("email_confirmed_at"):
            raise AuthError(400, "email_not_confirmed", "Email not confirmed")
        async with transaction(self._pool) as work:
            return Reply(await self._begin(work, user, "password", request))

    async def _refresh(self, request: AuthRequest) -> Reply:
        token = request.document().get("refresh_token")
        if not isinstance(token, str) or not token:
            raise invalid("refresh_token required")
        async with transaction(self._pool) as work:
            outcome = await self._sessions.refresh(work, token)
        if isinstance(outcome, AuthError):
            raise outcome
        return Reply(outcome)

    async def _change_password(self, work: Transaction, user: users.User, password: str, session: str | None) -> None:
        """Set another password and end the person's other sessions."""
        passwords.check_strength(password)
        if await passwords.matches(password, user["encrypted_password"] or None):
            raise AuthError(422, "same_password", "New password should be different from the old password.")
        await users.set_columns(work, user["id"], {"encrypted_password": await passwords.hashed(password)})
        await self._sessions.end(work, user["id"], session, "others")

    async def _begin(self, work: Transaction, user: users.User, method: str, request: AuthRequest) -> users.User:
        return await self._sessions.begin(work, user, method, request.headers.get("user-agent"), request.address)


def _password(body: dict[str, Any], missing: str) -> str:
    password = body.get("password")
    if not isinstance(password, str) or not password:
        raise invalid(missing or "password must be a string")
    return password
