"""Error bodies and statuses of the Data API, as documented at https://docs.postgrest.org/en/v13/references/errors.html."""

from typing import Any

import orjson

from infra.local.gateway.wire import DatabaseError


class ApiError(Exception):
    """A request was refused; ``body`` gives what the client sees."""

    def __init__(self, status: int, code: str, message: str, details: Any = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.details, self.hint = status, code, message, details, hint

    def body(self) -> bytes:
        """Return the error as the JSON object that every Supabase client parses."""
        return orjson.dumps({"code": self.code, "details": self.details, "hint": self.hint, "message": self.message})


class NotInCacheError(ApiError):
    """The schema cache does not know a name; it may merely be old."""


#: Status by SQLSTATE, and by SQLSTATE class where the code itself is not listed.
STATUS_OF_STATE = {
    "23503": 409,
    "23505": 409,
    "25006": 405,
    "42883": 404,
    "42P01": 404,
    "42P17": 500,
    "53400": 500,
    "57P01": 503,
    "P0001": 400,
    "22023": 400,
}
STATUS_OF_CLASS = {
    "08": 503,
    "09": 500,
    "0L": 403,
    "0P": 403,
    "25": 500,
    "28": 403,
    "2D": 500,
    "38": 500,
    "39": 500,
    "3B": 500,
    "40": 500,
    "53": 503,
    "54": 500,
    "55": 500,
    "57": 500,
    "58": 500,
    "F0": 500,
    "HV": 500,
    "P0": 500,
    "XX": 500,
}


def status_of(error: DatabaseError, anonymous: bool) -> int:
    """Return the HTTP status of a database error; ``anonymous`` callers lacking rights are asked to log in (401)."""
    state = error.sqlstate
    if state.startswith("PT") and state[2:].isdigit():
        return int(state[2:])
    if state == "42501":
        return 401 if anonymous else 403
    if state == "22023" and error.message.startswith('role "'):
        return 401
    if state == "21000":
        return 500 if error.message.startswith("query returned more") else 400
    return STATUS_OF_STATE.get(state) or STATUS_OF_CLASS.get(state[:2], 400)


def of_database(error: DatabaseError, anonymous: bool) -> tuple[ApiError, dict[str, str]]:
    """Return a database error as an API error, and the headers that a function asked for by raising PGRST."""
    if error.sqlstate == "PGRST":
        return _raised(error)
    status = status_of(error, anonymous)
    status = status if 200 <= status <= 599 else 500
    return ApiError(status, error.sqlstate, error.message, error.detail, error.hint), {}


def _raised(error: DatabaseError) -> tuple[ApiError, dict[str, str]]:
    """Return the response that ``raise sqlstate 'PGRST'`` describes in the JSON of its message and detail."""
    try:
        message, detail = orjson.loads(error.message), orjson.loads(error.detail or "")
        raised = ApiError(
            int(detail["status"]),
            str(message["code"]),
            str(message["message"]),
            message.get("details"),
            message.get("hint"),
        )
        headers = {str(name): str(value) for name, value in detail["headers"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return ApiError(
            500,
            "PGRST121",
            "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error",
            "MESSAGE needs code and message, DETAIL needs status and headers",
        ), {}
    return raised, headers


def unparsable(what: str, text: str, column: int, details: str) -> ApiError:
    """Return the error of a query parameter that does not follow the grammar; ``column`` counts from 1."""
    return ApiError(400, "PGRST100", f'"failed to parse {what} ({text})" (line 1, column {column})', details)


def unsupported(what: str) -> ApiError:
    """Return the refusal of something that hosted Supabase can do and this gateway cannot."""
    return ApiError(400, "PGRST127", "Feature not implemented", f"{what} is not supported by this local gateway")
