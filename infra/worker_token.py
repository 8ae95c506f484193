"""Tokens for listeners and functions: they name the role that may do the work and nothing besides."""

import time

import jwt

from schema.keys import WORKER_ROLE


def mint(jwt_secret: str, days: float) -> str:
    """A token that is good for so many days, signed with the project's JWT secret.

    Hosted Supabase takes such tokens from whoever knows that secret
    (https://supabase.com/docs/guides/storage/schema/custom-roles); nothing can be had with it that its role may not do.
    """
    now = int(time.time())
    claims = {"iss": "rivulet", "role": WORKER_ROLE, "iat": now, "exp": now + int(days * 86400)}
    return jwt.encode(claims, jwt_secret, algorithm="HS256")
