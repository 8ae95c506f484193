"""What a process enters a project with, and how long that is good for."""

import base64
import binascii
import json
from dataclasses import dataclass, field

from schema.jobs import Json

WORKER_ROLE = "rivulet_worker"


@dataclass(frozen=True)
class Entry:
    """What a project is entered with: headers `apikey` and `Authorization: Bearer`. `setting` names what may end."""

    setting: str
    apikey: str = field(repr=False)
    bearer: str = field(repr=False)

    @property
    def ends_at(self) -> float | None:
        """See `end_of`."""
        return end_of(self.bearer)


def end_of(key: str) -> float | None:
    """When a key ends, in seconds since 1970; None if it does not.

    Current keys (`sb_secret_…`) are good until somebody deletes them. Legacy ones and workers' tokens are JWTs, and end
    with their `exp` (https://supabase.com/docs/guides/api/api-keys). Nobody but the project's owner can make another,
    so there is nothing to refresh; the owner has to be told.
    """
    try:
        return float(_claims(key)["exp"])
    except (ValueError, TypeError, KeyError):
        return None


def role_of(key: str) -> str | None:
    """The role that a JWT names; its signature is the project's to check."""
    return _claims(key).get("role")


def _claims(key: str) -> Json:
    parts = key.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
