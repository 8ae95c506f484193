"""The connection to Together AI, or to any server with the same HTTP surface: one client, foreign errors translated."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import together

from schema.errors import PermanentError, RateLimitedError, TransientError
from schema.settings import Settings

TIMEOUT = httpx.Timeout(60.0, connect=5.0)
# 403 is what Together says of a prompt that does not fit. https://docs.together.ai/docs/error-codes
_REFUSALS = (
    together.BadRequestError,
    together.PermissionDeniedError,
    together.NotFoundError,
    together.UnprocessableEntityError,
)


def connect(settings: Settings) -> together.AsyncTogether:
    """A client of the SDK; its own retries cover flickers."""
    return together.AsyncTogether(
        api_key=settings.together_api_key.get_secret_value(),
        base_url=settings.together_base_url,
        timeout=TIMEOUT,
        max_retries=1,
        # A stream costs this client a fraction of what it costs the SDK's usual one: decision 0020.
        http_client=together.DefaultAioHttpClient(timeout=TIMEOUT),
    )


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turns what the SDK raises into our errors."""
    try:
        yield
    except together.RateLimitError as error:
        raise RateLimitedError("model_busy", "The model is busy.", _retry_after(error.response)) from error
    except together.AuthenticationError as error:
        raise PermanentError(
            "model_refused_key", "The model service refused the API key. An operator has to check TOGETHER_API_KEY."
        ) from error
    except _REFUSALS as error:
        raise PermanentError("model_refused", f"The model service refused the request: {_said(error)}") from error
    except ValueError as error:
        raise TransientError("model_unreadable", "The model service sent something else than an answer.") from error
    except (together.APIError, httpx.HTTPError) as error:
        raise TransientError("model_unavailable", "The model service cannot be reached at the moment.") from error


def _retry_after(response: httpx.Response) -> float:
    try:
        return float(response.headers.get("retry-after", "0"))
    except ValueError:
        return 0.0


def _said(error: together.APIStatusError) -> str:
    """The provider's own words, where it has some."""
    told = error.body.get("error", error.body) if isinstance(error.body, dict) else None
    return str(told["message"]) if isinstance(told, dict) and told.get("message") else str(error)
