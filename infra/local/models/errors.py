"""Errors as Together answers them: `{"error": {message, type, param, code}}` with the status that fits."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

SURFACE = (
    "POST /v1/chat/completions",
    "POST /v1/embeddings",
    "POST /v1/rerank",
    "GET /v1/models",
    "GET /healthz",
)


class ApiError(Exception):
    """A request that is refused; `code` is for programs, str() for people."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param


def body(message: str, code: str, param: str | None = None, kind: str = "invalid_request_error") -> dict[str, object]:
    """The JSON of an error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


async def refused(_: Request, error: Exception) -> JSONResponse:
    """Answer for an ApiError."""
    assert isinstance(error, ApiError)  # noqa: S101 - registered for this class alone
    return JSONResponse(body(str(error), error.code, error.param), error.status)


async def unroutable(request: Request, error: Exception) -> JSONResponse:
    """Answer for a path or a method that does not exist here."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class alone
    message = f"{request.method} {request.url.path}: {error.detail}. This server has {', '.join(SURFACE)}."
    return JSONResponse(body(message, "unknown_endpoint"), error.status_code, error.headers)


async def failed(_: Request, error: Exception) -> JSONResponse:
    """Answer for a defect of this server; the log has the details."""
    return JSONResponse(
        body(f"The model server failed: {type(error).__name__}.", "server_error", None, "server_error"), 500
    )
