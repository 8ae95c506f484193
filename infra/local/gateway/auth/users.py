"""People: their rows in ``auth.users`` and ``auth.identities``, and how Auth shows them."""

import base64
import hashlib
import re
import uuid
from datetime import UTC, datetime
from typing import Any

import orjson

from infra.local.gateway.auth.errors import AuthError, invalid
from infra.local.gateway.transaction import Transaction

User = dict[str, Any]
EMAIL = re.compile(r"[^@\s\"(),:;<>\[\\\]\x00-\x1f]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
PHONE = re.compile(r"[1-9][0-9]{1,14}")
NO_INSTANCE = "00000000-0000-0000-0000-000000000000"
AUDIENCE = "authenticated"
BY_EMAIL: dict[str, Any] = {"provider": "email", "providers": ["email"]}
TIMES = (
    "invited_at",
    "confirmation_sent_at",
    "confirmed_at",
    "email_confirmed_at",
    "phone_confirmed_at",
    "recovery_sent_at",
    "email_change_sent_at",
    "reauthentication_sent_at",
    "last_sign_in_at",
    "created_at",
    "updated_at",
    "banned_until",
    "deleted_at",
)
INSTANT = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""
SHOWN_TIMES = ", ".join(f"'{name}', to_char(u.{name} at time zone 'utc', {INSTANT})" for name in TIMES)
#: A person's row as JSON, with identities and times in UTC.
SELECT = f"""
select json_build_object(
  'id', u.id, 'aud', u.aud, 'role', u.role, 'email', coalesce(u.email, ''), 'phone', coalesce(u.phone, ''),
  'new_email', nullif(u.email_change, ''), 'encrypted_password', u.encrypted_password,
  'app_metadata', coalesce(u.raw_app_meta_data, '{{}}'), 'user_metadata', coalesce(u.raw_user_meta_data, '{{}}'),
  'is_anonymous', u.is_anonymous, 'banned', coalesce(u.banned_until > now(), false),
  'change_half_done', u.email_change_confirm_status = 1,
  {SHOWN_TIMES},
  'identities', (
    select coalesce(json_agg(json_build_object(
             'identity_id', i.id, 'id', i.provider_id, 'user_id', i.user_id, 'identity_data', i.identity_data,
             'provider', i.provider, 'email', i.email, 'last_sign_in_at', i.last_sign_in_at,
             'created_at', i.created_at, 'updated_at', i.updated_at) order by i.created_at), '[]')
      from auth.identities i where i.user_id = u.id),
  'factors', (
    select json_agg(json_strip_nulls(json_build_object(
             'id', f.id, 'friendly_name', f.friendly_name, 'factor_type', f.factor_type, 'status', f.status,
             'last_challenged_at', f.last_challenged_at, 'created_at', f.created_at, 'updated_at', f.updated_at))
             order by f.created_at)
      from auth.mfa_factors f where f.user_id = u.id))
  from auth.users u"""  # noqa: S608 - built from the names above
HIDDEN = ("encrypted_password", "banned", "change_half_done")


def shown(user: User) -> User:
    """Return a person as clients see them: without secrets, without what is not set."""
    return {name: value for name, value in user.items() if name not in HIDDEN and value is not None}


def clean_email(email: object) -> str:
    """Return an address in lower case; raises AuthError if it is none."""
    if not isinstance(email, str) or len(email) > 255 or not EMAIL.fullmatch(email.strip()):
        raise invalid("Unable to validate email address: invalid format")
    return email.strip().lower()


def clean_phone(phone: object) -> str:
    """Return a phone number without its plus sign; raises AuthError if it is none."""
    plain = phone.replace(" ", "").removeprefix("+") if isinstance(phone, str) else ""
    if not PHONE.fullmatch(plain):
        raise invalid("Invalid phone number format (E.164 required)")
    return plain


def metadata_of(value: object, what: str) -> dict[str, Any]:
    """Return an object of the request, ``{}`` for none; raises AuthError for anything else."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(f"{what} must be a JSON object")
    return value


def merged(old: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return metadata with changes applied; a null removes its key."""
    return {name: value for name, value in {**old, **changes}.items() if value is not None}


def made_up(email: str, metadata: dict[str, Any]) -> User:
    """Return someone who is not there: the answer to a sign-up with an address that is known already."""
    now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    times = dict.fromkeys(("created_at", "updated_at", "confirmation_sent_at"), now)
    return {
        "id": str(uuid.uuid4()),
        "aud": AUDIENCE,
        "role": "",
        "email": email,
        "phone": "",
        "app_metadata": BY_EMAIL,
        "user_metadata": metadata,
        "identities": [],
        "is_anonymous": False,
        **times,
    }


async def by_id(work: Transaction, user_id: str) -> User | None:
    """Return a person, None if there is none of that id."""
    found: User | None = await work.row(f"{SELECT} where u.id = $1", user_id)
    return found


async def by_email(work: Transaction, email: str) -> User | None:
    """Return the person with that address (in lower case), None if there is none."""
    found: User | None = await work.row(f"{SELECT} where u.email = $1 and not u.is_sso_user", email)
    return found


async def need_free_email(work: Transaction, email: str) -> None:
    """Raise AuthError if the address belongs to someone."""
    if await by_email(work, email):
        raise taken()


def taken() -> AuthError:
    """Return the error of an address that belongs to someone."""
    return AuthError(422, "email_exists", "A user with this email address has already been registered")


async def create(
    work: Transaction,
    email: str | None,
    password_hash: str | None,
    user_metadata: dict[str, Any],
    app_metadata: dict[str, Any],
    confirmed: bool = True,
    user_id: str | None = None,
    role: str = AUDIENCE,
    told: bool = False,
) -> User:
    """Add a person, anonymous without ``email``, and return them; ``told`` who signed up by themselves.

    What those said of themselves also stands in their metadata, as with GoTrue. The row is inserted unconfirmed and
    confirmed by an update, as GoTrue does, so that triggers see the same.
    """
    user_id = user_id or str(uuid.uuid4())
    known = {"sub": user_id, "email": email, "email_verified": False, "phone_verified": False} if email else {}
    await work.rows(
        "insert into auth.users (instance_id, id, aud, role, email, encrypted_password, raw_app_meta_data,"
        " raw_user_meta_data, is_anonymous, created_at, updated_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now(), now())",
        NO_INSTANCE,
        user_id,
        AUDIENCE,
        role,
        email,
        password_hash or "",
        app_metadata,
        {**user_metadata, **(known if told else {})},
        email is None,
    )
    if email:
        await add_identity(work, user_id, known)
    if email and confirmed:
        await confirm(work, user_id)
    return await need(work, user_id)


async def add_identity(work: Transaction, user_id: str, data: dict[str, Any]) -> None:
    """Add the identity of the e-mail provider."""
    await work.rows(
        "insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at,"
        " updated_at) values ($1, $2, $3, 'email', now(), now(), now())",
        user_id,
        user_id,
        data,
    )


async def confirm(work: Transaction, user_id: str) -> None:
    """Mark the address as confirmed."""
    await work.rows(
        "update auth.identities set identity_data = identity_data || '{\"email_verified\": true}', updated_at = now()"
        " where user_id = $1 and provider = 'email'",
        user_id,
    )
    await work.rows(
        "update auth.users set email_confirmed_at = now(), updated_at = now(), raw_user_meta_data ="
        " coalesce(raw_user_meta_data, '{}') || '{\"email_verified\": true}' where id = $1",
        user_id,
    )


async def change_email(work: Transaction, user: User, email: str) -> None:
    """Give a person another address, confirmed; an anonymous person becomes a permanent one. Raises AuthError."""
    await need_free_email(work, email)
    data = {"sub": user["id"], "email": email, "email_verified": True, "phone_verified": False}
    if not user["identities"]:
        await add_identity(work, user["id"], data)
        await work.rows(
            "update auth.users set raw_app_meta_data = raw_app_meta_data || $2 where id = $1", user["id"], BY_EMAIL
        )
    await work.rows(
        "update auth.identities set identity_data = identity_data || $2, updated_at = now()"
        " where user_id = $1 and provider = 'email'",
        user["id"],
        data,
    )
    await work.rows(
        "update auth.users set email = $2, is_anonymous = false, updated_at = now(), email_change = '',"
        " email_change_confirm_status = 0,"
        " email_confirmed_at = coalesce(email_confirmed_at, now()),"
        " raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || $3 where id = $1",
        user["id"],
        email,
        data,
    )


async def hide(work: Transaction, user: User) -> None:
    """Make a person unrecognisable and sign them out, but keep their id for what refers to it."""
    if user.get("deleted_at"):
        return
    digest = hashlib.sha256(f"{user['id']}{user['email']}".encode()).digest()
    name = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    await work.rows(
        "update auth.users set email = $2, phone = null, encrypted_password = '', email_change = '',"
        " raw_user_meta_data = '{}', raw_app_meta_data = '{}', deleted_at = now(), updated_at = now() where id = $1",
        user["id"],
        name,
    )
    await work.rows(
        "update auth.identities set identity_data = '{}', provider_id = $2 || provider_id, updated_at = now()"
        " where user_id = $1",
        user["id"],
        name,
    )
    for table in ("sessions", "one_time_tokens", "mfa_factors"):
        await work.rows(f"delete from auth.{table} where user_id = $1", user["id"])  # noqa: S608


async def set_columns(work: Transaction, user_id: str, columns: dict[str, Any]) -> None:
    """Set columns of ``auth.users`` (names from code, never from a request)."""
    settings = ", ".join(f"{name} = ${place}" for place, name in enumerate(columns, start=2))
    await work.rows(
        f"update auth.users set {settings}, updated_at = now() where id = $1",  # noqa: S608
        user_id,
        *columns.values(),
    )


async def need(work: Transaction, user_id: str) -> User:
    """Return a person who must be there; raises AuthError (404)."""
    user = await by_id(work, user_id)
    if user is None:
        raise AuthError(404, "user_not_found", "User not found")
    return user


async def page(work: Transaction, number: int, size: int) -> tuple[list[User], int]:
    """Return one page of people (numbers from 1), oldest last, and how many there are in all."""
    found = await work.rows(
        f"{SELECT} order by u.created_at desc, u.id limit $1::bigint offset $2::bigint", size, (number - 1) * size
    )
    return found, int(await work.row("select count(*) from auth.users"))


def read_object(body: bytes) -> dict[str, Any]:
    """Return a request's JSON object; raises AuthError."""
    try:
        document = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise AuthError(400, "bad_json", "Could not parse request body as JSON") from None
    return metadata_of(document, "Request body")
