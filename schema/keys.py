"""How long a project's key is good for."""

import base64
import binascii
import json


def end_of(key: str) -> float | None:
    """When a key ends, in seconds since 1970; None if it does not.

    Current keys (`sb_secret_…`) are good until somebody deletes them. Legacy ones are JWTs, and end with their `exp`
    (https://supabase.com/docs/guides/api/api-keys). Nobody but the project can make another, so there is nothing to
    refresh; its owner has to be told.
    """
    parts = key.split(".")
    if len(parts) != 3:
        return None
    try:
        end = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))["exp"]
        return float(end)
    except (binascii.Error, ValueError, TypeError, KeyError):
        return None
