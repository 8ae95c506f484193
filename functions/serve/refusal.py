"""A request that is not carried out, and what its sender is told."""

from collections.abc import Mapping

from schema.errors import (
    ConfigurationError,
    InvalidTokenError,
    JobError,
    NotAllowedError,
    PermanentError,
    RateLimitedError,
)


class Refusal(Exception):
    """Ends a request: HTTP status, a short stable code, a text for a person, and headers."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def refusal_of(error: Exception) -> Refusal | None:
    """What the sender is told about an error that was raised on purpose; None for all others."""
    match error:
        case Refusal():
            return error
        case InvalidTokenError():
            return Refusal(401, "invalid_token", str(error), {"WWW-Authenticate": "Bearer"})
        case NotAllowedError():
            return Refusal(403, "not_allowed", str(error))
        case PermanentError():
            return Refusal(422, error.code, error.message)
        case RateLimitedError():
            return Refusal(429, error.code, error.message, {"Retry-After": str(round(error.retry_after_seconds) or 1)})
        case JobError():
            return Refusal(503, error.code, error.message, {"Retry-After": "5"})
        case ConfigurationError():
            return Refusal(
                503, "not_configured", "An operator has to finish setting this up; the log says what is missing."
            )
    return None
