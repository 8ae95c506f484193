"""`rivulet worker-token`."""

import os
from datetime import UTC, datetime
from typing import Annotated

import typer

DAYS = 365.0
# HS256 wants a key as long as its digest: RFC 7518, 3.2.
LEAST_BYTES = 32


def worker_token(days: Annotated[float, typer.Option(min=0.01, max=3650, help="How long it is good.")] = DAYS) -> None:
    """Make the token that listeners and functions work with, of the JWT_SECRET, instead of the secret key.

    For the Supabase project that the environment names, else for the local stack. It goes to standard output.
    """
    from infra.cli.console import err, write
    from infra.worker_token import mint
    from schema.keys import end_of

    token = mint(_secret(), days)
    write(token + "\n")
    end = datetime.fromtimestamp(end_of(token) or 0, UTC)
    err().print(f"SUPABASE_WORKER_TOKEN, good until {end:%Y-%m-%d %H:%M} UTC; SUPABASE_PUBLISHABLE_KEY goes beside it.")


def _secret() -> str:
    from infra.cli.errors import CommandError
    from infra.local import stack

    secret = (os.environ if os.environ.get("SUPABASE_URL") else stack.environment()).get("JWT_SECRET", "")
    if len(secret.encode()) < LEAST_BYTES:
        raise CommandError(
            f"JWT_SECRET is {'too short' if secret else 'not set'}: it is under Project Settings → JWT Keys → "
            "Legacy JWT secret in the Supabase dashboard."
        )
    return secret
