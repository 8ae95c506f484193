"""Mails of Auth, written into the local mailbox in the transaction that makes their codes."""

from dataclasses import dataclass
from urllib.parse import quote

from infra.local.gateway.auth import one_time, users
from infra.local.gateway.auth.errors import AuthError
from infra.local.gateway.auth.one_time import Purpose, Ticket
from infra.local.gateway.auth.rate_limit import RateLimit
from infra.local.gateway.transaction import Transaction

PAUSE = 1.0  # seconds between two mails to one person for one purpose
KEPT = 1000  # mails in the mailbox; older ones are dropped


@dataclass(frozen=True, slots=True)
class Letter:
    """One kind of mail: what its code is for, the column that says when it went out, and its words."""

    purpose: Purpose
    sent_at: str
    subject: str
    text: str


LETTERS = {
    "signup": Letter(
        "confirmation_token",
        "confirmation_sent_at",
        "Confirm your address",
        "Follow this link to confirm your address and sign in:",
    ),
    "invite": Letter(
        "confirmation_token",
        "confirmation_sent_at",
        "You have been invited",
        "You have been invited. Follow this link to accept:",
    ),
    "magiclink": Letter("recovery_token", "recovery_sent_at", "Your sign-in link", "Follow this link to sign in:"),
    "recovery": Letter(
        "recovery_token", "recovery_sent_at", "Reset your password", "Follow this link to choose a new password:"
    ),
    "email_change": Letter(
        "email_change_token_new",
        "email_change_sent_at",
        "Confirm the change of your address",
        "Follow this link to confirm the change of your address:",
    ),
    "reauthentication": Letter(
        "reauthentication_token", "reauthentication_sent_at", "Confirm that it is you", "Confirm that it is you."
    ),
}


class Mailer:
    """Sends mails whose links lead to ``issuer``, the address of Auth."""

    def __init__(self, issuer: str, limit: RateLimit) -> None:
        self._issuer, self._limit = issuer, limit

    async def send(self, work: Transaction, user: users.User, kind: str, redirect: str, pkce: bool = False) -> None:
        """Send a mail with a new code to the person's own address. Raises AuthError (429) if one just went out."""
        await self.pause(work, user, kind)
        ticket = await self.ticket(work, user, kind, pkce)
        await self._write(work, kind, user["email"], ticket, redirect)

    async def send_change(self, work: Transaction, user: users.User, new: str, redirect: str, pkce: bool) -> None:
        """Ask the new address, and the old one if there is one, whether the address may change."""
        await self.pause(work, user, "email_change")
        await users.set_columns(work, user["id"], {"email_change": new, "email_change_confirm_status": 0})
        if user["email"]:
            current = await self.ticket(work, user, "email_change", pkce, "email_change_token_current")
            await self._write(work, "email_change", user["email"], current, redirect)
        ticket = await self.ticket(work, {**user, "email": new}, "email_change", pkce)
        await self._write(work, "email_change", new, ticket, redirect)

    async def ticket(
        self, work: Transaction, user: users.User, kind: str, pkce: bool, purpose: Purpose | None = None
    ) -> Ticket:
        """Issue a code for the person's address without sending it."""
        letter = LETTERS[kind]
        columns = ", ".join(f"{name} = now()" for name in (letter.sent_at, *_also(kind)))
        await work.rows(f"update auth.users set {columns}, updated_at = now() where id = $1", user["id"])  # noqa: S608
        return await one_time.issue(work, user["id"], purpose or letter.purpose, user["email"], pkce)

    async def pause(self, work: Transaction, user: users.User, kind: str) -> None:
        """Raise AuthError (429) if a mail of the kind just went to the person."""
        since = await one_time.seconds_since(work, user["id"], LETTERS[kind].purpose)
        if since is not None and since < PAUSE:
            raise AuthError(
                429,
                "over_email_send_rate_limit",
                f"For security purposes, you can only request this after {max(1, round(PAUSE - since))} seconds.",
            )

    def link(self, kind: str, ticket: Ticket, redirect: str) -> str:
        """Return the address that a mail asks to follow."""
        target = quote(redirect, safe=":/")  # as people and tests know such links
        return f"{self._issuer}/verify?token={ticket.hash}&type={kind}&redirect_to={target}"

    async def _write(self, work: Transaction, kind: str, recipient: str, ticket: Ticket, redirect: str) -> None:
        self._limit.take("")
        letter = LETTERS[kind]
        link = None if kind == "reauthentication" else self.link(kind, ticket, redirect)
        body = "\n\n".join(filter(None, (letter.text, link, f"The code is {ticket.code}; it is good for an hour.")))
        await work.rows(
            "insert into supabase_platform.mails (kind, recipient, subject, body, link, code)"
            " values ($1, $2, $3, $4, $5, $6)",
            kind,
            recipient,
            letter.subject,
            body,
            link,
            ticket.code,
        )
        await work.rows(
            "delete from supabase_platform.mails"
            " where id <= (select max(id) - $1::bigint from supabase_platform.mails)",
            KEPT,
        )


def _also(kind: str) -> tuple[str, ...]:
    return ("invited_at",) if kind == "invite" else ()
