"""What the secret key may do: see, add, change and remove people."""

import re
import uuid
from typing import Any

from infra.local.gateway.auth import passwords, users
from infra.local.gateway.auth.errors import AuthError, invalid, not_supported
from infra.local.gateway.auth.requests import AuthRequest, Gatekeeper, Reply
from infra.local.gateway.pools import Pool
from infra.local.gateway.transaction import Transaction, transaction

PAGE_SIZE = 50
PAGE_SIZE_MAX = 1000
DURATION = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,8})m)?(?:(\d{1,10})s)?")


class Admin:
    """The endpoints below ``/admin``."""

    def __init__(self, pool: Pool, gatekeeper: Gatekeeper) -> None:
        self._pool, self._gatekeeper = pool, gatekeeper

    async def list_users(self, request: AuthRequest) -> Reply:
        """``GET /admin/users``: one page of people, newest first."""
        self._gatekeeper.need_admin(request)
        number = _whole(request.query.get("page"), 1, 10**9)
        size = _whole(request.query.get("per_page"), PAGE_SIZE, PAGE_SIZE_MAX)
        async with transaction(self._pool) as work:
            found, total = await users.page(work, number, size)
        return Reply(
            {"users": [users.shown(user) for user in found], "aud": users.AUDIENCE},
            headers=_page_headers(number, size, total),
        )

    async def create_user(self, request: AuthRequest) -> Reply:
        """``POST /admin/users``: add a person."""
        self._gatekeeper.need_admin(request)
        body = _known(request.document())
        if not body.get("email"):
            raise invalid("Cannot create a user without either an email or phone")
        email = users.clean_email(body["email"])
        hashed = await _hash(body) if body.get("password") else body.get("password_hash")
        app_metadata = {**users.BY_EMAIL, **users.metadata_of(body.get("app_metadata"), "app_metadata")}
        async with transaction(self._pool) as work:
            await users.need_free_email(work, email)
            user = await users.create(
                work,
                email,
                hashed,
                users.metadata_of(body.get("user_metadata"), "user_metadata"),
                app_metadata,
                bool(body.get("email_confirm")),
                _id(body["id"]) if body.get("id") else None,
                body.get("role") or users.AUDIENCE,
            )
            await _ban(work, user["id"], body)
            return Reply(users.shown(await users.need(work, user["id"])))

    async def get_user(self, request: AuthRequest) -> Reply:
        """``GET /admin/users/ID``: one person."""
        self._gatekeeper.need_admin(request)
        async with transaction(self._pool) as work:
            return Reply(users.shown(await users.need(work, _id(request.path["user_id"]))))

    async def update_user(self, request: AuthRequest) -> Reply:
        """``PUT /admin/users/ID``: change a person's data."""
        self._gatekeeper.need_admin(request)
        body = _known(request.document())
        hashed = await _hash(body) if body.get("password") else None
        async with transaction(self._pool) as work:
            user = await users.need(work, _id(request.path["user_id"]))
            if body.get("email") and users.clean_email(body["email"]) != user["email"]:
                await users.change_email(work, user, users.clean_email(body["email"]))
                user = await users.need(work, user["id"])
            if body.get("email_confirm"):
                await users.confirm(work, user["id"])
                user = await users.need(work, user["id"])
            await _apply(work, user, body, hashed)
            await _ban(work, user["id"], body)
            return Reply(users.shown(await users.need(work, user["id"])))

    async def delete_user(self, request: AuthRequest) -> Reply:
        """``DELETE /admin/users/ID``: remove a person with all that hangs on them."""
        self._gatekeeper.need_admin(request)
        softly = bool(request.document().get("should_soft_delete"))
        async with transaction(self._pool) as work:
            user = await users.need(work, _id(request.path["user_id"]))
            if softly:
                await users.hide(work, user)
            else:
                await work.rows("delete from auth.users where id = $1", user["id"])
        return Reply({})


async def _hash(body: dict[str, Any]) -> str:
    if not isinstance(body["password"], str):
        raise invalid("password must be a string")
    passwords.check_strength(body["password"])
    return await passwords.hashed(body["password"])


async def _apply(work: Transaction, user: users.User, body: dict[str, Any], hashed: str | None) -> None:
    """Write password, role and metadata."""
    columns: dict[str, Any] = {}
    if hashed:
        columns["encrypted_password"] = hashed
    if body.get("role"):
        columns["role"] = body["role"]
    for name in ("user_metadata", "app_metadata"):
        if body.get(name) is not None:
            columns[f"raw_{name.split('_')[0]}_meta_data"] = users.merged(
                user[name], users.metadata_of(body[name], name)
            )
    if columns:
        await users.set_columns(work, user["id"], columns)


async def _ban(work: Transaction, user_id: str, body: dict[str, Any]) -> None:
    """Ban for ``ban_duration`` (such as ``24h``), or lift a ban with ``none``."""
    duration = body.get("ban_duration")
    if duration is None:
        return
    if duration == "none":
        await work.rows("update auth.users set banned_until = null where id = $1", user_id)
        return
    match = DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if match is None or not any(match.groups()):
        raise invalid("invalid format for ban duration: use hours, minutes and seconds, such as 24h or 1h30m")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    await work.rows(
        "update auth.users set banned_until = now() + $2 * interval '1 second' where id = $1",
        user_id,
        hours * 3600 + minutes * 60 + seconds,
    )


def _known(body: dict[str, Any]) -> dict[str, Any]:
    if body.get("phone") or body.get("phone_confirm"):
        raise not_supported("A phone number")
    if not isinstance(body.get("role") or "", str):
        raise invalid("role must be a string")
    return body


def _id(text: object) -> str:
    try:
        return str(uuid.UUID(str(text)))
    except ValueError:
        raise AuthError(404, "validation_failed", "user_id must be an UUID") from None


def _whole(text: str | None, default: int, largest: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or int(text[:12]) < 1:
        raise invalid("Bad Pagination Parameters: page and per_page are whole numbers from 1")
    return min(int(text[:12]), largest)


def _page_headers(number: int, size: int, total: int) -> dict[str, str]:
    last = max(1, -(-total // size))
    links = [f'</admin/users?page={number + 1}&per_page={size}>; rel="next"'] if number < last else []
    links.append(f'</admin/users?page={last}&per_page={size}>; rel="last"')
    return {"x-total-count": str(total), "link": ", ".join(links)}
