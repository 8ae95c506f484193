"""Passwords: strength, and bcrypt away from the event loop."""

import asyncio

import bcrypt

from infra.local.gateway.auth.errors import AuthError, invalid

LENGTH_MIN = 8  # characters, as supabase/config.toml asks for and the sign-up form says
LENGTH_MAX = 72  # bytes, bcrypt reads no more
COST = 10  # bcrypt's work factor, GoTrue's default
#: Compared against when there is no such person, so that the answer takes as long.
NOBODY = bcrypt.hashpw(b"nobody", bcrypt.gensalt(COST))


def check_strength(password: str) -> None:
    """Raise AuthError if a new password is too short or too long."""
    if len(password) < LENGTH_MIN:
        raise AuthError(
            422,
            "weak_password",
            f"Password should be at least {LENGTH_MIN} characters.",
            weak_password={"reasons": ["length"]},
        )
    if len(password.encode()) > LENGTH_MAX:
        raise invalid(f"Password cannot be longer than {LENGTH_MAX} characters")


async def hashed(password: str) -> str:
    """Return the bcrypt hash of a password of allowed length."""
    return (await asyncio.to_thread(bcrypt.hashpw, password.encode(), bcrypt.gensalt(COST))).decode()


async def matches(password: str, stored: str | None) -> bool:
    """Tell whether ``password`` belongs to the stored hash; takes as long if there is none."""
    candidate = password.encode()
    if len(candidate) > LENGTH_MAX:
        return False
    same = await asyncio.to_thread(bcrypt.checkpw, candidate, stored.encode() if stored else NOBODY)
    return same and bool(stored)
