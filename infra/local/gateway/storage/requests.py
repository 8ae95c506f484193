"""A request to Storage, and what is answered."""

from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.types import Receive

from infra.local.gateway.callers import Caller
from infra.local.gateway.http import read_body
from infra.local.gateway.storage.errors import invalid

BODY_MAX = 4 * 1024 * 1024  # bytes of a JSON body


@dataclass(frozen=True, slots=True)
class StorageRequest:
    """One request; ``caller`` has the role ``anon`` when no token was sent and ``authenticated`` is False."""

    caller: Caller
    authenticated: bool
    path: dict[str, str]
    query: dict[str, str]
    receive: Receive

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers, names in lower case."""
        return self.caller.headers

    async def document(self) -> dict[str, Any]:
        """Return the JSON object in the body (``{}`` for none); raises StorageError."""
        body = await read_body(self.receive, self.headers, BODY_MAX)
        try:
            document = orjson.loads(body or b"{}")
        except orjson.JSONDecodeError:
            raise invalid("Body is not valid JSON") from None
        if not isinstance(document, dict):
            raise invalid("body must be object")
        return document


@dataclass(frozen=True, slots=True)
class Reply:
    """A JSON answer."""

    document: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def need_text(document: dict[str, Any], name: str) -> str:
    """Return a required text of a JSON body; raises StorageError."""
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise invalid(f"body must have required property '{name}'", "Error")
    return value


def need_texts(document: dict[str, Any], name: str, most: int) -> list[str]:
    """Return a required list of at most ``most`` texts of a JSON body; raises StorageError."""
    value = document.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise invalid(f"body/{name} must be a list of strings with at least one item", "Error")
    if len(value) > most:
        raise invalid(f"body/{name} must NOT have more than {most} items", "Error")
    return value


def whole(value: object, default: int, least: int, most: int, name: str) -> int:
    """Return a whole number of a request, given as number or text; raises StorageError."""
    if value is None or value == "":
        return default
    text = "" if isinstance(value, (bool, float)) else str(value)
    if not (text.isascii() and text.isdigit()) or not least <= int(text[:18]) <= most:
        raise invalid(f"{name} must be a whole number from {least} to {most}", "Error")
    return int(text)
