"""Error bodies of Auth; codes as listed at https://supabase.com/docs/guides/auth/debugging/error-codes."""

from typing import Any

import orjson

API_VERSION_HEADER = "x-supabase-api-version"
API_VERSION = "2024-01-01"


class AuthError(Exception):
    """A request was refused with a status, one of Auth's error codes, and a text for people."""

    def __init__(self, status: int, code: str, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.extra = status, code, message, extra

    def body(self, api_version: str | None) -> bytes:
        """Return the JSON body in the form of the API version that the client asked for."""
        if (api_version or "") >= API_VERSION:
            return orjson.dumps({"code": self.code, "message": self.message, **self.extra})
        return orjson.dumps({"code": self.status, "error_code": self.code, "msg": self.message, **self.extra})


def invalid(message: str, status: int = 400) -> AuthError:
    """Return the error of a request that is malformed."""
    return AuthError(status, "validation_failed", message)


def not_supported(what: str) -> AuthError:
    """Return the refusal of something that hosted Supabase can do and this gateway cannot."""
    return AuthError(501, "not_supported", f"{what} is not supported by this local gateway")
